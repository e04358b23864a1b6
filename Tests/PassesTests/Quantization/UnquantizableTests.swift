import Execution
import IR
import Operators
import Passes
import TestSupport
import Testing

/// Values that no 8 bits with one scale can hold, and sums that no 32 bits can.
@Suite struct UnquantizableTests {
  /// Attention over four places with a mask in front of the Softmax.
  private func attention(_ mask: [Float]) throws -> Quantizer.Result {
    var net = Network()
    let x = net.input("x", [1, 4, 4])
    let scores = net.node("MatMul", "scores", [x, net.weight("w", [4, 4], seed: 1)])
    let masked = net.node(
      "Add", "masked", [scores, net.constant("mask", Tensor(floats: mask, [1, 1, 4]))])
    let share = net.node("Softmax", "softmax", [masked], [Attribute("axis", .int(-1))])
    net.output(net.node("MatMul", "mixed", [share, net.weight("v", [4, 4], seed: 2)]))
    // A profile that has integers for everything.
    return try quantize(net.model()) { $0.profile = .generic }
  }

  @Test("A mask in front of a Softmax stays in float, whatever it masks with")
  func masks() throws {
    for mark in [Float(-10_000), -1e9, -Float.greatestFiniteMagnitude, -Float.infinity] {
      let result = try attention([0, mark, 0, mark])
      #expect(result.reason("scores") == "" && result.reason("mixed") == "")
      #expect(result.reason("masked")?.contains(mark.isInfinite ? "infinities" : "mask") == true)
      #expect(result.reason("softmax") == "none of its inputs is quantized")
    }
    #expect(try attention([0, -1, 0, -1]).reason("masked") == "")
  }

  @Test("Boxes and scores that end in one result share no scale: nothing in integers reads them")
  func parts() throws {
    func joined(then reader: Bool) throws -> Quantizer.Result {
      var net = Network()
      let x = net.input("x", [1, 3, 4, 4])
      let boxes = net.node(
        "Mul", "boxes",
        [net.conv("a", x, 3, 4), net.constant("stride", Tensor(floats: [1000], [1]))])
      let scores = net.node("Sigmoid", "scores", [net.conv("b", x, 3, 4)])
      let all = net.node("Concat", "all", [boxes, scores], [Attribute("axis", .int(1))])
      net.output(
        reader ? net.conv("c", all, 8, 2) : net.node("Transpose", "turned", [all]))
      return try quantize(net.model())
    }
    let ends = try joined(then: false)
    for output in ["all", "scores"] {
      #expect(ends.reason(output) == "nothing in integers reads its result")
    }
    // What is summed up anyway stays in integers.
    #expect(try joined(then: true).reason("all") == "")
  }

  @Test("A product in integers leaves its result as it is for readers in float, and rounds it else")
  func unread() throws {
    func rounded(_ reader: String) throws -> (Bool, String?) {
      var net = Network()
      let x = net.input("x", [3, 2, 8])
      let first = net.node("MatMul", "first", [x, net.weight("w", [8, 8], seed: 1)])
      let between = net.node("Add", "between", [first, net.input("z", [3, 2, 8])])
      let last = net.node(reader, "last", [between])
      net.output(net.node("MatMul", "end", [last, net.weight("v", [8, 4], seed: 3)]))
      let result = try quantize(net.model())
      return (
        result.plan.values.contains { $0.value.hasPrefix("first") },
        result.reason("between")
      )
    }
    let float = try rounded("Tanh"), integer = try rounded("Sigmoid")
    #expect(!float.0 && float.1 == "nothing in integers reads its result")
    #expect(integer.1 == "")
  }

  @Test("A product that a Relu and a reader in float share is rounded where the Relu's result is")
  func sharedWithClamp() throws {
    func rounded(_ layer: String?) throws -> Bool {
      var net = Network()
      let x = net.input("x", [1, 8])
      let first = net.node("MatMul", "first", [x, net.weight("w", [8, 8], seed: 1)])
      let relu = net.node("Relu", "relu", [first])
      let last =
        layer.map { net.node($0, "last", [relu, net.weight("v", [8, 8], seed: 3)]) }
        ?? net.node("Tanh", "last", [relu])
      net.output(net.node("Add", "sum", [first, last]))
      let result = try quantize(net.model())
      return result.plan.values.contains { $0.value.hasPrefix("first") }
    }
    #expect(try rounded("MatMul"))
    #expect(try !rounded(nil))
  }

  @Test("Where a runtime joins a product and its Relu, what the Relu makes is rounded")
  func joinedClamp() throws {
    func rounded(_ product: String) throws -> [String] {
      var net = Network()
      let x = net.input("x", [4, 8])
      let first = net.node(product, "first", [x, net.weight("w", [8, 8], seed: 1)])
      let relu = net.node("Relu", "relu", [first])
      let last = net.node("Tanh", "last", [relu])
      net.output(net.node(product, "end", [last, net.weight("v", [8, 4], seed: 3)]))
      return try quantize(net.model()).plan.values.map(\.value)
    }
    #expect(try rounded("Gemm").contains { $0.hasPrefix("relu") })
    #expect(try !rounded("MatMul").contains { $0.hasPrefix("relu") })
  }

  @Test("A Softmax over one element is not computed in integers, nor put between them")
  func single() throws {
    var net = Network()
    let x = net.input("x", [2, 3, 4, 4])
    let one = net.node("Softmax", "one", [net.conv("a", x, 3, 1)], [Attribute("axis", .int(1))])
    net.output(net.conv("b", one, 1, 2))
    let result = try quantize(net.model())
    #expect(result.reason("a") == "")
    #expect(result.reason("one")?.contains("constant") == true)
    #expect(result.reason("b")?.contains("constant") == true)
  }

  @Test("A value that was 0 throughout has no range")
  func zeros() throws {
    var net = Network()
    let x = net.input("x", [1, 3, 4, 4])
    let none = net.node("Mul", "none", [x, net.constant("zero", Tensor(floats: [0], [1]))])
    net.output(net.conv("a", net.node("Exp", "exp", [none]), 3, 4))
    net.output(net.conv("b", net.node("Neg", "neg", [none]), 3, 4))
    let result = try quantize(net.model())
    #expect(result.reason("a") == "")
    #expect(result.reason("b")?.contains("0 throughout") == true)
  }

  @Test("A bias leaves room for the products beside it")
  func room() throws {
    var net = Network()
    let x = net.input("x", [1, 2])
    let w = net.constant("w", Tensor(floats: [1e-6, 1e-6, 1, 1], [2, 2]))
    let b = net.constant("b", Tensor(floats: [5, 5], [2]))
    net.output(net.node("Gemm", "fc", [x, w, b], [Attribute("transB", .int(1))]))
    let model = try quantize(net.model()).model
    let weights = try #require(model.constant("w_quantized")?.integers)
    let biases = try #require(model.constant("b_quantized")?.integers)
    for channel in 0..<2 {
      let sum = 255 * (abs(weights[2 * channel]) + abs(weights[2 * channel + 1]))
      #expect(abs(biases[channel]) + sum <= Int(Int32.max))
    }
    #expect(biases[0] > 1 << 30)
  }

  @Test("Profiles: types of activations, bits of weights, biases in float")
  func profiles() throws {
    func model(_ profile: QuantizationOptions.Profile) throws -> Quantizer.Result {
      var net = Network()
      let x = net.input("x", [1, 4, 4, 4])
      let a = net.node("Relu", "relu", [net.conv("a", x, 4, 4)])
      net.output(net.conv("b", a, 4, 2))
      return try quantize(net.model()) { $0.profile = profile }
    }
    for profile in QuantizationOptions.Profile.allCases {
      let result = try model(profile)
      #expect(result.reason("a") == "" && result.reason("b") == "", "\(profile)")
      let zero = try result.model.zeroPoint(behind: "x_dq")
      #expect(
        zero.elementType == ([.ortArm, .tensorrt].contains(profile) ? .int8 : .uint8))
      let isFloat = [.tensorrt, .openvino].contains(profile)
      #expect((result.model.constant("a.b_quantized") == nil) == isFloat)
      let peak = result.model.constant("b.w_quantized")?.integers?.map { abs($0) }.max() ?? 0
      #expect(peak <= ([.openvino, .generic].contains(profile) ? 64 : 127))
      #expect(result.plan.maySaturate == [.ortVNNI, .ortArm, .tensorrt, .qnn].contains(profile))
    }
    #expect(try model(.tensorrt).model.zeroPoint(behind: "x_dq").integers == [0])
  }
}
