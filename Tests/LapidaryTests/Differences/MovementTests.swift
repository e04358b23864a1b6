import IR
import Lapidary
import TestSupport
import Testing

/// Nodes that only move elements, spelled differently.
@Suite("Differences modulo how elements are moved") struct MovementTests {
  private func same(_ a: Model, _ b: Model, _ words: Set<Modulo>) throws -> Bool {
    !(try ModelDiff(modulo: words).compare(a, b).differs)
  }

  private func integers(_ net: inout Network, _ name: String, _ values: [Int]) -> ValueID {
    net.constant(name, Tensor(int64: values, [values.count]))
  }

  /// Two parts of an axis, one of them transposed, multiplied.
  private func parts(isSplit: Bool, isFlat: Bool, swaps: Bool = true) -> Model {
    var net = Network()
    let x = net.input("x", [Dimension(symbol: "N"), 2, 4, 6])
    var halves: [ValueID]
    if isSplit {
      halves = net.nodes(
        "Split", "split", [x, integers(&net, "sizes", [1, 1])], [Attribute("axis", .int(1))],
        outputs: 2)
    } else {
      halves = (0..<2).map { part in
        net.node(
          "Slice", "slice\(part)",
          [
            x, integers(&net, "from\(part)", [part]), integers(&net, "to\(part)", [part + 1]),
            integers(&net, "axes\(part)", [1]),
          ])
      }
    }
    var right = halves[1]
    if isFlat {
      right = net.node("Reshape", "flat", [right, integers(&net, "s", [-1, 4, 6])])
      right = net.node(
        "Transpose", "turn", [right], [Attribute("perm", .ints(swaps ? [0, 2, 1] : [0, 1, 2]))])
      right = net.node(
        "Reshape", "back", [right, integers(&net, "t", swaps ? [-1, 1, 6, 4] : [-1, 1, 4, 6])])
    } else {
      right = net.node(
        "Transpose", "turn", [right],
        [Attribute("perm", .ints(swaps ? [0, 1, 3, 2] : [0, 1, 2, 3]))])
    }
    net.output(net.node(swaps ? "MatMul" : "Mul", "y", [halves[0], right]))
    return Model(graph: net.graph, opset: 18)
  }

  @Test("parts and transpositions may be spelled in several ways")
  func spellings() throws {
    let (a, b) = (parts(isSplit: true, isFlat: true), parts(isSplit: false, isFlat: false))
    #expect(try ModelDiff().compare(a, b).differs)
    #expect(try same(a, b, [.shapes]))
    #expect(!(try same(a, parts(isSplit: false, isFlat: false, swaps: false), [.shapes])))
  }

  @Test("the order of elements has one form")
  func order() {
    var one = ElementOrder([2, 3, 4])
    var other = one
    one.transpose([0, 2, 1])
    let isDivided = other.reshape([2, 3, 2, 2])
    other.transpose([0, 2, 3, 1])
    let isJoined = other.reshape([2, 4, 3])
    #expect(isDivided && isJoined)
    #expect(one.runs == other.runs)
    #expect(one.runs.map(\.length) == [2, 4, 3])
    // Back to where it was.
    one.transpose([0, 2, 1])
    #expect(one.runs == ElementOrder([24]).runs)
    // A length that goes over the end of a run has no such form.
    var third = ElementOrder([3, 4])
    third.transpose([1, 0])
    let isFound = third.reshape([6, 2])
    #expect(!isFound)
  }

  @Test("a clamp may be spelled out modulo opset, another one not")
  func clamps() throws {
    func model(_ isOne: Bool, _ top: Float = 2) -> Model {
      var net = Network()
      let x = net.input("x", [2, 3])
      let low = net.constant("low", Tensor(floats: [-1], [])),
        high = net.constant("high", Tensor(floats: [top], []))
      if isOne {
        net.output(net.node("Clip", "y", [x, low, high]))
      } else {
        net.output(net.node("Min", "y", [net.node("Max", "max", [x, low]), high]))
      }
      return Model(graph: net.graph, opset: 18)
    }
    #expect(try same(model(true), model(false), [.opset]))
    #expect(!(try same(model(true), model(false, 3), [.opset])))
  }

  @Test("first states of zeros may be written down modulo constants, others not")
  func states() throws {
    func model(_ state: [Float]?, isFilled: Bool = false) -> Model {
      var net = Network()
      let x = net.input("x", [5, 2, 3])
      var operands: [ValueID?] = [
        x, net.weight("w", [1, 4, 3], seed: 1), net.weight("r", [1, 4, 4], seed: 2),
      ]
      if let state {
        operands += [nil, nil, net.constant("h", Tensor(floats: state, [1, 2, 4]))]
      } else if isFilled {
        let shape = net.constant("s", Tensor(int64: [1, 2, 4], [3]))
        operands += [nil, nil, net.node("ConstantOfShape", "zeros", [shape])]
      }
      net.output(net.node("RNN", "rnn", operands, [Attribute("hidden_size", .int(4))]))
      return Model(graph: net.graph, opset: 17)
    }
    let zeros = [Float](repeating: 0, count: 8)
    #expect(try same(model(nil), model(zeros), [.constants]))
    #expect(try same(model(nil), model(nil, isFilled: true), [.constants]))
    #expect(!(try same(model(nil), model(zeros.map { _ in 1 }), [.constants])))
  }
}
