import IR
import ONNXFile

/// libFuzzer's entry point: reads bytes as a model, and writes and reads again what was understood.
///
/// Besides crashes and sanitizer reports, a model that does not come back the same stops the run.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzReader(_ data: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
  let bytes = [UInt8](UnsafeBufferPointer(start: data, count: count))
  guard let model = try? ONNXFile.decode(bytes) else { return 0 }
  _ = try? model.checkInvariants()
  if count < 1 << 16 { _ = FileText.shown(model.text()) }
  requireSame(model)
  return 0
}
