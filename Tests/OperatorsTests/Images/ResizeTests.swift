import IR
import TestSupport
import Testing

/// Resize on arrays small enough to check by hand.
@Suite struct ResizeTests {
  private func text(_ name: String, _ value: String) -> Attribute {
    Attribute(name, .string(Array(value.utf8)))
  }

  private func resize(
    _ values: [Float], scale: Float, opset: Int = 13, _ attributes: [Attribute]
  ) throws -> [Float] {
    let scales = Tensor(floats: [1, scale], [2])
    let x = Tensor(floats: values, [1, values.count])
    let inputs = opset < 11 ? [x, scales] : [x, nil, scales]
    let y = try evaluate("Resize", opset: opset, attributes: attributes, inputs: inputs)[0]
    return y.floats ?? []
  }

  @Test func nearestRepeats() throws {
    let attributes = [
      text("coordinate_transformation_mode", "asymmetric"), text("nearest_mode", "floor"),
    ]
    #expect(try resize([1, 2, 3], scale: 2, attributes) == [1, 1, 2, 2, 3, 3])
    #expect(try resize([1, 2, 3, 4], scale: 0.5, attributes) == [1, 3])
  }

  @Test func nearestRoundsTies() throws {
    // Output 1 of 3 to 2 lies at (1.5 / (2/3)) - 0.5 = 1.75; of 4 to 2 at 0.5 and 2.5.
    let down = [text("nearest_mode", "round_prefer_floor")]
    let up = [text("nearest_mode", "round_prefer_ceil")]
    #expect(try resize([1, 2, 3, 4], scale: 0.5, down) == [1, 3])
    #expect(try resize([1, 2, 3, 4], scale: 0.5, up) == [2, 4])
  }

  @Test func nearestBeforeOpset11RoundsUpWhenReducing() throws {
    #expect(try resize([1, 2, 3, 4], scale: 0.6, opset: 10, []) == [1, 3])
  }

  @Test func linearInterpolates() throws {
    let half = [text("mode", "linear")]
    #expect(try resize([0, 4], scale: 2, half) == [0, 1, 3, 4])
    let corners = [text("mode", "linear"), text("coordinate_transformation_mode", "align_corners")]
    #expect(try resize([0, 3], scale: 2, corners) == [0, 1, 2, 3])
    let asymmetric = [text("mode", "linear"), text("coordinate_transformation_mode", "asymmetric")]
    #expect(try resize([0, 4], scale: 2, asymmetric) == [0, 2, 4, 4])
  }

  @Test func linearWorksAlongEveryAxis() throws {
    let y = try evaluate(
      "Resize", opset: 13, attributes: [text("mode", "linear")],
      inputs: [Tensor(floats: [0, 4, 8, 12], [2, 2]), nil, Tensor(floats: [2, 2], [2])])[0]
    #expect(y.floats == [0, 1, 3, 4, 2, 3, 5, 6, 6, 7, 9, 10, 8, 9, 11, 12])
  }

  @Test func cubicWeighsFourNeighbours() throws {
    // At distance 1/2 the weights are -3/32, 19/32, 19/32, -3/32 for a coefficient of -3/4.
    let y = try resize([0, 0, 32, 0], scale: 0.5, [text("mode", "cubic")])
    #expect(y == [-3, 19])
  }

  @Test func sizesKeepProportions() throws {
    let y = try evaluate(
      "Resize", opset: 18,
      attributes: [
        Attribute("axes", .ints([0, 1])), text("keep_aspect_ratio_policy", "not_larger"),
      ],
      inputs: [
        Tensor(floats: [Float](repeating: 1, count: 8), [2, 4]), nil, nil,
        Tensor(int64: [7, 8], [2]),
      ])[0]
    #expect(y.dimensions == [4, 8])
  }
}
