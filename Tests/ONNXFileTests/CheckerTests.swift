import IR
import ONNXFile
import Testing

@Suite struct CheckerTests {
  @Test func soundModelsPass() throws {
    let model = try ONNXFile.read("/usr/share/libonnx-testdata/data/node/test_relu/model.onnx")
    #expect(try ONNXChecker.check(model, full: false) == nil)
    #expect(try ONNXChecker.check(model, full: true) == nil)
  }

  @Test func faultsAreReported() throws {
    let bytes = Wire.model(
      graph: Wire.field(1, Wire.node("Relu", ["x", "x"], ["y"])) + Wire.text(2, "g"))
    #expect(ONNXChecker.check(bytes, full: false) != nil)
    #expect(ONNXChecker.check([0xFF], full: true) == "the bytes cannot be parsed as a ModelProto")
  }
}
