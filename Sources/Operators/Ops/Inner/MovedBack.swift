package import IR
private import Kernels

/// What an operator that only moves elements does to cotangents: input 0 is that of its result, the
/// others are its own operands. It runs on the places of its operand's elements, and each cotangent
/// is added where its element came from.
package struct MovedBack: InnerOperator {
  package static let schema = Schema(
    "MovedBack", domain: Inner.domain, opsets: 1...1, inputs: 2...Int.max)
  private let mover: any Operator

  package init(_ node: NodeView, opset: Int) throws(ModelError) {
    mover = try node.innerSubject(inputs: Array(node.inputs.dropFirst()))
  }

  package func infer(_ inputs: Inputs) throws(ModelError) -> [Inferred] {
    [Inferred(inputs.elementType(0), inputs.shape(1))]
  }

  package func evaluate(_ context: inout Evaluation) throws(ModelError) {
    let g = try context.source(0), x = try context.source(1)
    let numbers = Places(), result = Places()
    // What an operator fills in itself comes from nowhere.
    let nowhere = Places()
    _ = nowhere.take(1)
    let bytes = numbers.take(x.count)
    for place in 0..<x.count { numbers.places[place] = Int64(place) }
    var views = Array(context.inputs.dropFirst())
    for (index, view) in views.enumerated() {
      guard let view, index == 0 || view.elementType == context.inputs[1]?.elementType else {
        continue
      }
      views[index] =
        index == 0
        ? TensorView(.int64, view.shape, UnsafeRawBufferPointer(bytes))
        : TensorView(.int64, [], UnsafeRawBufferPointer(nowhere.places))
    }
    var inner = Evaluation(label: context.label, inputs: views, outputs: [true]) {
      (_, _, shape) throws(ModelError) in
      guard let count = Tensor.count(shape) else {
        throw ModelError(.limit, "expected a shape that fits in memory, found \(shape)")
      }
      return result.take(count)
    }
    inner.createdLabel = -1
    try mover.evaluate(&inner)
    withExtendedLifetime((numbers, nowhere)) {}
    guard result.places.count == g.count else {
      throw context.mismatch(0, expected: "\(result.places.count) elements", found: "\(g.count)")
    }
    let y = try context.output(0, context.input(0).elementType, x.shape)
    guard scatterSum(g, result.places, into: y) else { throw context.unsupportedTypes([0]) }
  }

  /// Places of elements.
  private final class Places {
    private(set) var places = UnsafeMutableBufferPointer<Int64>(start: nil, count: 0)

    func take(_ count: Int) -> UnsafeMutableRawBufferPointer {
      places.deallocate()
      places = .allocate(capacity: count)
      places.initialize(repeating: -1)
      return UnsafeMutableRawBufferPointer(places)
    }

    deinit { places.deallocate() }
  }
}
