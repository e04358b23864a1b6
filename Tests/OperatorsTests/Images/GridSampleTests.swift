import IR
import TestSupport
import Testing

/// GridSample against PyTorch's `grid_sample`.
@Suite struct GridSampleTests {
  private func text(_ name: String, _ value: String) -> Attribute {
    Attribute(name, .string(Array(value.utf8)))
  }

  @Test(
    "Beyond the border, cubic weights are those of the position and each element is the border's",
    arguments: [
      (false, [0.97974968, 8, 1, 8.66149998] as [Float]),
      (true, [0.66925025, 8.61256409, 1, 7.20518684]),
    ])
  func cubicBorder(alignsCorners: Bool, wanted: [Float]) throws {
    let x = Tensor(floats: [1, 4, 2, 8], [1, 1, 1, 4])
    let grid = Tensor(floats: [-1.2, 0, 1.3, 0, -2, 0, 0.9, 0], [1, 1, 4, 2])
    for (opset, mode) in [(16, "bicubic"), (20, "cubic")] {
      let y = try evaluate(
        "GridSample", opset: opset,
        attributes: [
          text("mode", mode), text("padding_mode", "border"),
          Attribute("align_corners", .int(alignsCorners ? 1 : 0)),
        ], inputs: [x, grid])[0]
      let values = try #require(y.floats)
      #expect(zip(values, wanted).allSatisfy { abs($0 - $1) < 1e-5 }, "\(values)")
    }
  }
}
