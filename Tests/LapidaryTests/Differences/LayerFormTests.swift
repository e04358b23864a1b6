import IR
import Lapidary
import TestSupport
import Testing

/// Layers that exporters and simplifiers write in several ways.
@Suite("Differences modulo how layers are written") struct LayerFormTests {
  private func differences(_ a: Model, _ b: Model, _ words: Set<Modulo>) throws -> [DiffHunk] {
    try ModelDiff(modulo: words).compare(a, b).failing
  }

  private func list(_ net: inout Network, _ name: String, _ values: [Int]) -> ValueID {
    net.constant(name, Tensor(int64: values, [values.count]))
  }

  /// Two layers on the positions of a sequence with a function between them and a residual connection,
  /// written on three axes, or as matrices.
  private func layers(
    isMatrix: Bool, transposes: Bool = false, alpha: Float = 1, bias: Float? = nil,
    batch: Dimension = .known(2)
  ) -> Model {
    var net = Network()
    let x = net.input("x", [batch, 5, 6])
    func layer(_ net: inout Network, _ name: String, _ x: ValueID, _ shape: [Int], _ seed: Int)
      -> ValueID
    {
      let length = shape[1]
      let numbers = bias.map { [Float](repeating: $0, count: length) }
      let vector =
        numbers.map { net.constant(name + "_b", Tensor(floats: $0, [length])) }
        ?? net.weight(name + "_b", [length], seed: seed + 1)
      guard isMatrix else {
        let product = net.node("MatMul", name, [x, net.weight(name + "_w", shape, seed: seed)])
        return net.node("Add", name + "_add", [vector, product])
      }
      var weight = net.weight(name + "_w", shape, seed: seed)
      if transposes {
        let numbers = net.graph.constant(weight)?.floats ?? []
        var turned = numbers
        for row in 0..<shape[0] {
          for column in 0..<length {
            turned[column * shape[0] + row] = numbers[row * length + column]
          }
        }
        weight = net.constant(name + "_t", Tensor(floats: turned, [length, shape[0]]))
      }
      return net.node(
        "Gemm", name, [x, weight, vector],
        [Attribute("transB", .int(transposes ? 1 : 0)), Attribute("alpha", .float(alpha))])
    }
    var value = x
    if isMatrix {
      let rows = list(&net, "rows", [-1, 6])
      value = net.node("Reshape", "flat", [value, rows])
    }
    value = layer(&net, "first", value, [6, 4], 1)
    value = net.node("Tanh", "tanh", [value])
    value = layer(&net, "second", value, [4, 6], 3)
    if isMatrix {
      let back = list(&net, "back", [-1, 5, 6])
      value = net.node("Reshape", "deep", [value, back])
    }
    net.output(net.node("Add", "y", [x, value]), [batch, 5, 6])
    return Model(graph: net.graph, opset: 17)
  }

  @Test("matrices and more axes", arguments: [false, true])
  func products(transposes: Bool) throws {
    let a = layers(isMatrix: false), b = layers(isMatrix: true, transposes: transposes)
    #expect(try ModelDiff().compare(a, b).differs)
    for (x, y) in [(a, b), (b, a)] {
      #expect(try differences(x, y, [.fold, .shapes, .identity, .constants]).isEmpty)
    }
    let others = [
      layers(isMatrix: true, transposes: transposes, alpha: 1.5),
      layers(isMatrix: true, transposes: transposes, bias: 0.25),
    ]
    for other in others {
      #expect(!(try differences(a, other, [.fold, .shapes, .identity, .constants]).isEmpty))
    }
  }

  @Test("a batch that only one model fixes is a difference of the interface alone")
  func batch() throws {
    let fixed = layers(isMatrix: false), open = layers(isMatrix: true, batch: .init(symbol: "N"))
    for (a, b) in [(fixed, open), (open, fixed)] {
      let found = try differences(a, b, [.fold, .shapes, .identity, .constants])
      #expect(found.map(\.kind) == [.io, .io], "\(found)")
      #expect(found.first?.detail.contains("N,5,6]") == true)
    }
  }

  @Test("a batch that is no first axis")
  func secondAxis() throws {
    func model(_ batch: Dimension, _ target: [Int]) -> Model {
      var net = Network()
      let x = net.input("x", [4, batch, 6])
      let turned = net.node("Transpose", "t", [x], [Attribute("perm", .ints([1, 0, 2]))])
      let flat = net.node("Reshape", "r", [turned, list(&net, "s", target)])
      net.output(net.node("Relu", "y", [flat]))
      return Model(graph: net.graph, opset: 17)
    }
    let fixed = model(.known(3), [3, 24]), open = model(.init(symbol: "N"), [-1, 24])
    #expect(try ModelDiff().compare(fixed, open).differs)
    #expect(try differences(fixed, open, [.shapes]).map(\.kind) == [.io])
    // Lengths of other symbols are no reason to bind this one twice.
    #expect(try differences(fixed, model(.init(symbol: "N"), [-1, 8]), [.shapes]).count > 1)
  }

  @Test("a softmax along an axis may be turned to the last one and back")
  func softmax() throws {
    func model(_ isTurned: Bool, axis: Int = 1) -> Model {
      var net = Network()
      let x = net.input("x", [.init(symbol: "N"), 8, .init(symbol: "H"), .init(symbol: "W")])
      let order = Attribute("perm", .ints([0, 3, 2, 1]))
      if isTurned {
        let turned = net.node("Transpose", "t", [x], [order])
        let soft = net.node("Softmax", "s", [turned], [Attribute("axis", .int(3))])
        net.output(net.node("Transpose", "y", [soft], [order]))
      } else {
        net.output(net.node("Softmax", "y", [x], [Attribute("axis", .int(axis))]))
      }
      return Model(graph: net.graph, opset: 17)
    }
    #expect(try ModelDiff().compare(model(true), model(false)).differs)
    #expect(try differences(model(true), model(false), [.shapes]).isEmpty)
    #expect(!(try differences(model(true), model(false, axis: 2), [.shapes]).isEmpty))
  }

  @Test("lengths may be taken from any value that has them")
  func lengths() throws {
    func model(_ isOfInput: Bool, swaps: Bool = false) -> Model {
      var net = Network()
      let x = net.input("x", [.init(symbol: "N"), 8, .init(symbol: "H"), .init(symbol: "W")])
      let y = net.node("Relu", "relu", [x])
      var target: ValueID
      if isOfInput {
        let shape = net.node("Shape", "shape", [x])
        let parts = (swaps ? [0, 1, 3, 2] : [0, 1, 2, 3]).map { axis in
          net.node(
            "Gather", "part\(axis)", [shape, list(&net, "axis\(axis)", [axis])],
            [Attribute("axis", .int(0))])
        }
        target = net.node("Concat", "lengths", parts, [Attribute("axis", .int(0))])
      } else {
        target = net.node("Shape", "shape", [y])
      }
      let flat = net.node("Flatten", "flat", [y])
      let soft = net.node("Softmax", "soft", [flat], [Attribute("axis", .int(1))])
      net.output(net.node("Reshape", "y", [soft, target], [Attribute("allowzero", .int(0))]))
      return Model(graph: net.graph, opset: 17)
    }
    #expect(try ModelDiff().compare(model(true), model(false)).differs)
    #expect(try differences(model(true), model(false), [.shapes]).isEmpty)
    #expect(!(try differences(model(true, swaps: true), model(false), [.shapes]).isEmpty))
  }

  @Test("a conversion to the type of another value is one to that type")
  func castLike() throws {
    func model(_ isLike: Bool, _ number: Int = 16) -> Model {
      var net = Network()
      let x = net.input("x", [2, 3])
      let length = list(&net, "length", [number])
      let scale =
        isLike
        ? net.node("CastLike", "like", [length, x])
        : net.node("Cast", "cast", [length], [Attribute("to", .int(1))])
      net.output(net.node("Mul", "y", [x, net.node("Sqrt", "sqrt", [scale])]))
      return Model(graph: net.graph, opset: 18)
    }
    #expect(try ModelDiff().compare(model(true), model(false)).differs)
    #expect(try differences(model(true), model(false), [.shapes]).isEmpty)
    #expect(!(try differences(model(true), model(false, 9), [.shapes]).isEmpty))
  }

  @Test("names that an exporter makes up for lengths of an output are no interface modulo shapes")
  func stated() throws {
    func model(_ name: String) -> Model {
      var net = Network()
      let x = net.input("x", [2, .init(symbol: "H")])
      net.output(net.node("Relu", "y", [x]), [2, .init(symbol: name)])
      return Model(graph: net.graph, opset: 17)
    }
    #expect(try ModelDiff().compare(model("H"), model("Reluy_dim_1")).failing.map(\.kind) == [.io])
    #expect(try differences(model("H"), model("Reluy_dim_1"), [.shapes]).isEmpty)
  }

  @Test("a length that is a sum is no number")
  func sums() throws {
    func model(_ steps: Int) -> Model {
      var net = Network()
      let x = net.input("x", [2, .init(symbol: "T"), 6])
      let extra = net.weight("w", [2, steps, 6], seed: 1)
      let joined = net.node("Concat", "joined", [extra, x], [Attribute("axis", .int(1))])
      let deep = net.node("Unsqueeze", "deep", [joined, list(&net, "axes", [1])])
      let turned = net.node(
        "Transpose", "turned", [deep], [Attribute("perm", .ints([2, 1, 0, 3]))])
      net.output(net.node("Squeeze", "y", [turned, list(&net, "back", [1])]))
      return Model(graph: net.graph, opset: 17)
    }
    #expect(try differences(model(64), model(64), [.shapes]).isEmpty)
    let found = try differences(model(64), model(65), [.shapes])
    #expect(found.allSatisfy { !$0.detail.contains("100") }, "\(found)")
  }

  @Test("many named lengths are no more elements than can be counted")
  func manyLengths() throws {
    func model(_ name: String) -> Model {
      var net = Network()
      let lengths = ["A", "B", "C", "D", "E", "F"].map { Dimension(symbol: $0) }
      let x = net.input("x", lengths + [512])
      let flat = net.node("Flatten", "flat", [x], [Attribute("axis", .int(6))])
      net.output(net.node(name, "y", [flat]))
      return Model(graph: net.graph, opset: 17)
    }
    #expect(try differences(model("Relu"), model("Tanh"), [.shapes]).count == 2)
  }

  @Test("numbers are the same however many are held at a time")
  func numbers() throws {
    let a = layers(isMatrix: false), b = layers(isMatrix: false, bias: 0.25)
    var samples: [Float] = []
    for index in 0..<300 { samples.append(Float(index * 37 % 101) / 50 - 1) }
    let data = try Dataset(
      [("x", Tensor(floats: samples, [10, 5, 6]))], for: a.graph, label: "data")
    func rows(_ most: Int) throws -> [String] {
      let found = try NumericDiff(
        a, b, on: data, options: SessionOptions(), tolerance: 1e-4, limit: 16, most: most)
      return found.rows.map { "\($0.label) \($0.comparison.map { "\($0)" } ?? "")" }
    }
    let whole = try rows(1 << 26)
    #expect(whole.count == 6)
    for most in [1, 60, 150, 400] { #expect(try rows(most) == whole) }
  }
}
