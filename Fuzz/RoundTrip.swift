import IR
import ONNXFile

/// Stops unless what is written of a model reads back to the same bytes.
func requireSame(_ model: Model) {
  do {
    let encoded = try ONNXFile.encode(model)
    let again = try ONNXFile.encode(try ONNXFile.decode(encoded))
    precondition(again == encoded, "a model changes from one writing to the next")
  } catch {
    preconditionFailure("a model that was read cannot be written and read again: \(error)")
  }
}
