import Execution
import IR
import TestSupport
import Testing

/// What stands for no number, infinities, and the ends of the range of floats.
let exceptional: [Float] = [
  .nan, .infinity, -.infinity, 3e38, -3e38, 100, -100, 88.5, -88.5, 7, -7, 3, -3, 0.5, -0.5, 0,
]

/// Whether two tensors agree: the same type, the same places of infinities and of what is no number,
/// and elsewhere no difference beyond 1e-4 of the reference's element or of its largest finite one.
func agree(_ reference: Tensor, _ found: Tensor) -> Bool {
  guard reference.type == found.type, let a = reference.floats, let b = found.floats else {
    return reference == found
  }
  return zip(a, b).allSatisfy { a, b in
    a.isFinite && b.isFinite ? abs(a - b) <= 1e-4 * max(1e-3, abs(a)) : a == b || a.isNaN && b.isNaN
  }
}

/// A function of each element.
private struct ElementCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  var operand: [Float] = []
  var attributes: [Attribute] = []

  static let all = [
    ElementCase(testDescription: "Relu"), ElementCase(testDescription: "LeakyRelu"),
    ElementCase(testDescription: "Clip", operand: [0, 6]),
    ElementCase(testDescription: "Clip", operand: [-20, 30]),
    ElementCase(testDescription: "Clip", operand: [0.5]),
    ElementCase(testDescription: "Sigmoid"), ElementCase(testDescription: "Tanh"),
    ElementCase(testDescription: "Elu"), ElementCase(testDescription: "HardSwish"),
    ElementCase(testDescription: "HardSigmoid"), ElementCase(testDescription: "Mish"),
    ElementCase(testDescription: "Abs"), ElementCase(testDescription: "Neg"),
    ElementCase(testDescription: "Exp"), ElementCase(testDescription: "Sqrt"),
    ElementCase(testDescription: "Add", operand: [1]),
    ElementCase(testDescription: "Mul", operand: [2]),
    ElementCase(testDescription: "Div", operand: [Float(bitPattern: 0x1_16C2)]),
  ]

  func add(_ sketch: inout Network, _ x: ValueID) -> ValueID {
    sketch.add(
      testDescription, optional: [x] + operand.map { sketch.number($0) }, outputs: 1,
      attributes: attributes)[0]
  }
}

@Suite("What is no number, and infinities")
struct ExceptionalValueTests {
  /// The results of both backends for one input.
  private func results(_ model: Model, _ x: Tensor) throws -> (reference: Tensor, found: Tensor) {
    let reference = Session.Options.reference
    let a = try Session(model, options: reference).run(["x": x])
    let b = try Session(model).run(["x": x])
    let name = try #require(a.keys.first)
    return (try #require(a[name]), try #require(b[name]))
  }

  /// Every value at every place among ordinary ones.
  private func input(_ shape: [Int]) -> Tensor {
    let count = shape.reduce(1, *)
    return Tensor(
      floats: (0..<count).map {
        $0 % 5 == 0 ? exceptional[$0 / 5 % exceptional.count] : Float($0 % 13) - 6
      }, shape)
  }

  @Test(
    "go through a carrier and a function as the reference has them", arguments: ElementCase.all,
    ["Conv", "depthwise", "ConvTranspose", "MatMul", "Gemm", "BatchNormalization"])
  private func carried(_ function: ElementCase, _ carrier: String) throws {
    var sketch = Network()
    let isPicture = !["MatMul", "Gemm"].contains(carrier)
    let x = sketch.input("x", rank: isPicture ? 4 : 2)
    func ones(_ sketch: inout Network, _ shape: [Int]) -> ValueID {
      sketch.constant(Tensor(floats: [Float](repeating: 1, count: shape.reduce(1, *)), shape))
    }
    let y: ValueID
    switch carrier {
    case "Conv": y = sketch.add("Conv", x, ones(&sketch, [8, 16, 1, 1]))
    case "depthwise":
      y = sketch.add(
        "Conv", x, ones(&sketch, [16, 1, 1, 1]), attributes: [Attribute("group", .int(16))])
    case "ConvTranspose": y = sketch.add("ConvTranspose", x, ones(&sketch, [16, 8, 2, 2]))
    case "BatchNormalization":
      let first = sketch.add("MaxPool", x, attributes: [Attribute("kernel_shape", .ints([1, 1]))])
      y = sketch.add(
        carrier, first, ones(&sketch, [16]), ones(&sketch, [16]), ones(&sketch, [16]),
        ones(&sketch, [16]))
    default: y = sketch.add(carrier, x, ones(&sketch, [16, 8]))
    }
    let model = sketch.model(function.add(&sketch, y), opset: 22)
    let (reference, found) = try results(model, input(isPicture ? [2, 16, 5, 7] : [20, 16]))
    #expect(agree(reference, found))
    // A value on its own, so that it is not lost among others in a sum.
    for value in exceptional {
      var numbers = [Float](repeating: 0, count: isPicture ? 16 * 9 : 5 * 16)
      numbers[17] = value
      let x = Tensor(floats: numbers, isPicture ? [1, 16, 3, 3] : [5, 16])
      let (reference, found) = try results(model, x)
      #expect(agree(reference, found), "\(value)")
    }
  }

  @Test(
    "go through pools as the reference has them", arguments: ["MaxPool", "AveragePool"], [1, 8])
  func pools(type: String, channels: Int) throws {
    for pads in [[0, 0, 0, 0], [1, 1, 1, 1]] {
      var sketch = Network()
      let x = sketch.input("x", rank: 4)
      let model = sketch.model(
        sketch.add(
          type, x,
          attributes: [Attribute("kernel_shape", .ints([2, 2])), Attribute("pads", .ints(pads))]))
      let (reference, found) = try results(model, input([1, channels, 9, 11]))
      #expect(agree(reference, found))
    }
  }

  @Test("The logarithm of a sole share is 0")
  func soleShare() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 2)
    let model = sketch.model(
      sketch.add("LogSoftmax", x, attributes: [Attribute("axis", .int(1))]))
    let (_, found) = try results(model, Tensor(floats: [3, -80, 1e6], [3, 1]))
    #expect(found.floats == [0, 0, 0])
  }

  @Test("An absent bound of a Clip is the largest number of its sign", arguments: [false, true])
  func openClip(isCarried: Bool) throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 2)
    let y =
      isCarried
      ? sketch.add("MatMul", x, sketch.constant(Tensor(floats: [1], [1, 1]))) : x
    let clip = sketch.add("Clip", y, sketch.number(-1))
    let (reference, found) = try results(
      sketch.model(clip), Tensor(floats: [.infinity, -.infinity, .nan, 7], [4, 1]))
    for result in [reference, found] {
      let numbers = try #require(result.floats)
      #expect(numbers[0] == .greatestFiniteMagnitude && numbers[1] == -1 && numbers[3] == 7)
      #expect(numbers[2].isNaN)
    }
  }

  @Test("A convolution with a clamp keeps them")
  func clamped() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 4)
    let y = sketch.add("Conv", x, sketch.constant(Tensor(floats: [1], [1, 1, 1, 1])))
    let relu = sketch.add("Relu", y)
    let clip = sketch.add(
      "Clip", sketch.add("Conv", x, sketch.constant(Tensor(floats: [1], [1, 1, 1, 1]))),
      sketch.number(0), sketch.number(6))
    let model = sketch.model(relu, clip)
    let x4 = Tensor(floats: [.nan, .infinity, -.infinity, 8, -8], [1, 1, 1, 5])
    let found = try Session(model).run(["x": x4])
    let wanted: [String: [Float]] = [
      "Relu_out": [.nan, .infinity, 0, 8, 0], "Clip_out": [.nan, 6, 0, 6, 0],
    ]
    for (name, values) in wanted {
      let tensor = Tensor(floats: values, [1, 1, 1, 5])
      #expect(agree(tensor, try #require(found[name])), "\(name)")
    }
  }

  @Test("The largest of a window is no number where one of its elements is none")
  func largest() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 3)
    let model = sketch.model(
      sketch.add("MaxPool", x, attributes: [Attribute("kernel_shape", .ints([2]))]))
    let values: [Float] = [1, .nan, 2, 3, -.infinity, -.infinity, .infinity, 0]
    let (reference, found) = try results(model, Tensor(floats: values, [1, 1, 8]))
    let wanted = Tensor(
      floats: [.nan, .nan, 3, 3, -.infinity, .infinity, .infinity], [1, 1, 7])
    #expect(agree(wanted, reference))
    #expect(agree(wanted, found))
  }
}

extension Session {
  /// Options that tests share.
  enum Options {
    static let reference = SessionOptions(backend: .reference)
  }
}
