import Execution
import IR
import Samples
import TestSupport

/// Grows small random graphs out of everything that rules look for: chains and diamonds, shared and
/// overridable constants, several readers, odd shapes.
struct RandomGraphs {
  struct Item {
    let value: ValueID
    let shape: [Int]
  }

  var net = Network()
  var random: SplitMix64
  var pool: [Item] = []
  var constants: [(shape: [Int], value: ValueID)] = []
  var count = 0
  let opset: Int

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    opset = [11, 13, 17, 18, 20, 23][Int(seed % 6)]
    let shapes = [[2, 4, 6, 6], [1, 3, 5, 5], [3, 8], [2, 5, 8], [1, 1, 1, 4]]
    let type: (([Int]) -> ValueType) = { .tensor(TensorType(.double, Shape($0))) }
    for index in 0..<number(1...2) {
      let shape = one(of: shapes)
      let id = net.graph.addFreshValue("x\(index)", type: type(shape))
      net.graph.addInput(ValueInfo(id, type: type(shape)))
      pool.append(Item(value: id, shape: shape))
    }
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int {
    Int.random(in: range, using: &random)
  }

  mutating func one<T>(of items: [T]) -> T { items[number(0...items.count - 1)] }

  mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

  mutating func name(_ kind: String) -> String {
    count += 1
    return "\(kind)\(count)"
  }

  mutating func pick() -> Item {
    let last = pool.count - 1
    return pool[max(number(0...last), last - number(0...2))]
  }

  /// A constant of magnitude 0.5 to 1.5; often one that is there already.
  mutating func constant(_ shape: [Int], positive: Bool = false) -> ValueID {
    if !positive, chance(30), let old = constants.last(where: { $0.shape == shape }) {
      return old.value
    }
    let values = (0..<shape.reduce(1, *)).map { _ -> Double in
      let size = Double.random(in: 0.5...1.5, using: &random)
      return positive || chance(60) ? size : -size
    }
    let id = net.constant(name("c"), Tensor(.double, shape, Storage(values)))
    if !positive { constants.append((shape, id)) }
    if chance(4) { net.graph.addInput(ValueInfo(id, type: net.graph[id].type)) }
    return id
  }

  mutating func scalar(_ value: Double) -> ValueID {
    let shape = one(of: [[], [], [], [1]])
    return net.constant(name("s"), Tensor(.double, shape, Storage([value])))
  }

  mutating func integers(_ values: [Int]) -> ValueID { net.integers(name("n"), values) }

  @discardableResult
  mutating func add(
    _ kind: String, _ inputs: [ValueID?], _ shape: [Int], _ list: [Attribute] = []
  ) -> ValueID {
    let id = net.node(kind, name(kind), inputs, list)
    pool.append(Item(value: id, shape: shape))
    return id
  }

  // MARK: Layers

  mutating func layer() {
    let x = pick()
    switch number(0...11) {
    case 0: unary(x)
    case 1, 2: arithmetic(x)
    case 3: join(x)
    case 4: limit(x)
    case 5: linear(x)
    case 6: normalize(x)
    case 7: transpose(x)
    case 8: reshape(x)
    case 9: pieces(x)
    case 10: spelled(x)
    default: odds(x)
    }
  }

  mutating func unary(_ x: Item) {
    add(
      one(of: ["Relu", "Neg", "Sigmoid", "Tanh", "Abs", "Identity", "Dropout", "Neg"]), [x.value],
      x.shape)
  }

  /// Shapes that broadcast against `shape` without changing it, and now and then one that does not.
  mutating func operandShape(_ shape: [Int]) -> [Int] {
    if chance(5) { return [1] + shape }
    if chance(15) { return [] }
    if chance(20), shape.count > 1 {
      return [shape[1]] + [Int](repeating: 1, count: shape.count - 2)
    }
    return Array(shape.map { chance(50) ? 1 : $0 }.dropFirst(number(0...shape.count)))
  }

  mutating func arithmetic(_ x: Item) {
    let kind = one(of: ["Add", "Sub", "Mul", "Div"])
    let shape = operandShape(x.shape)
    let operand: ValueID
    if chance(10) {
      let neutral = kind == "Add" || kind == "Sub" ? 0.0 : 1.0
      operand = net.constant(
        name("c"),
        Tensor(.double, shape, Storage([Double](repeating: neutral, count: shape.reduce(1, *)))))
    } else {
      operand = constant(shape)
    }
    let result = shape.count > x.shape.count ? shape : x.shape
    add(kind, kind != "Div" && chance(40) ? [operand, x.value] : [x.value, operand], result)
  }

  mutating func join(_ x: Item) {
    let others = pool.filter { $0.shape == x.shape }
    add(one(of: ["Add", "Mul", "Sub", "Max"]), [x.value, one(of: others).value], x.shape)
  }

  mutating func limit(_ x: Item) {
    switch number(0...3) {
    case 0: add("Relu", [x.value], x.shape)
    case 1:
      let low = Double(number(-3...1)) / 2
      let bounds = [chance(80) ? scalarBound(low) : nil, scalarBound(low + Double(number(0...4)))]
      add("Clip", [x.value] + bounds, x.shape)
    case 2: add(one(of: ["Min", "Max"]), [x.value, scalar(Double(number(-1...6)))], x.shape)
    default: add(one(of: ["Min", "Max"]), [scalar(0), x.value], x.shape)
    }
  }

  mutating func scalarBound(_ value: Double) -> ValueID {
    net.constant(name("b"), Tensor(.double, [], Storage([value])))
  }

  mutating func linear(_ x: Item) {
    let shape = x.shape
    if shape.count == 4 {
      let (n, c, h, w) = (shape[0], shape[1], shape[2], shape[3])
      let kernel = h >= 3 && w >= 3 ? one(of: [1, 3]) : 1
      let pad = one(of: [0, 0, kernel / 2])
      let group = c % 2 == 0 ? one(of: [1, 2]) : 1
      let grow = 2 * pad - kernel + 1
      if chance(75) {
        let outs = group * number(1...3)
        var inputs: [ValueID?] = [x.value, constant([outs, c / group, kernel, kernel])]
        if chance(50) { inputs.append(constant([outs])) }
        add(
          "Conv", inputs, [n, outs, h + grow, w + grow],
          [Attribute("pads", .ints([pad, pad, pad, pad])), Attribute("group", .int(group))])
      } else {
        let each = number(1...2)
        var inputs: [ValueID?] = [x.value, constant([c, each, kernel, kernel])]
        if chance(50) { inputs.append(constant([each * group])) }
        add(
          "ConvTranspose", inputs, [n, each * group, h + kernel - 1, w + kernel - 1],
          [Attribute("group", .int(group))])
      }
      return
    }
    let width = number(1...4)
    if shape.count == 2, chance(50) {
      let turned = chance(50)
      var inputs: [ValueID?] = [
        x.value, constant(turned ? [width, shape[1]] : [shape[1], width]),
      ]
      if chance(60) { inputs.append(constant(one(of: [[width], [1, width], [1], []]))) }
      add(
        "Gemm", inputs, [shape[0], width],
        [
          Attribute("transB", .int(turned ? 1 : 0)),
          Attribute("alpha", .float(one(of: [1, 1, 0.5]))),
          Attribute("beta", .float(one(of: [1, 1, 2]))),
        ])
    } else {
      add("MatMul", [x.value, constant([shape.last!, width])], Array(shape.dropLast()) + [width])
    }
  }

  mutating func normalize(_ x: Item) {
    guard x.shape.count > 1 else { return }
    let c = x.shape[1]
    add(
      "BatchNormalization",
      [
        x.value, constant([c]), constant([c]), constant([c]), constant([c], positive: true),
      ], x.shape)
  }

  mutating func mean(_ x: ValueID, _ shape: [Int], _ axis: Int) -> ValueID {
    let name = name("mean")
    if opset >= 18 { return net.node("ReduceMean", name, [x, integers([axis])]) }
    return net.node("ReduceMean", name, [x], [Attribute("axes", .ints([axis]))])
  }

  /// Operators spelled out, right and now and then slightly wrong.
  mutating func spelled(_ x: Item) {
    func node(_ kind: String, _ inputs: [ValueID?]) -> ValueID {
      net.node(kind, name(kind), inputs)
    }
    switch number(0...5) {
    case 0, 1:
      let shifted = node("Add", [x.value, scalar(3)])
      let clipped = node("Clip", [shifted, scalarBound(0), scalarBound(chance(85) ? 6 : 5)])
      if chance(50) {
        let gate = node("Div", [clipped, scalar(6)])
        if chance(50) { pool.append(Item(value: gate, shape: x.shape)) }
        add("Mul", [x.value, gate], x.shape)
      } else {
        add("Div", [node("Mul", [x.value, clipped]), scalar(6)], x.shape)
      }
    case 2:
      let axis = chance(80) ? -1 : 0
      let d = node("Sub", [x.value, mean(x.value, x.shape, axis)])
      let square = chance(50) ? node("Mul", [d, d]) : node("Pow", [d, scalar(2)])
      let variance = node("Add", [mean(square, x.shape, axis), scalar(0.01)])
      let y = node("Div", [d, node("Sqrt", [variance])])
      if chance(20) { pool.append(Item(value: d, shape: x.shape)) }
      let scaled = node("Mul", [y, constant([x.shape.last!])])
      add("Add", [scaled, constant([x.shape.last!])], x.shape)
    case 3:
      let square = node("Mul", [x.value, x.value])
      let variance = node("Add", [mean(square, x.shape, -1), scalar(0.01)])
      let y = node("Mul", [x.value, node("Reciprocal", [node("Sqrt", [variance])])])
      add("Mul", [constant([x.shape.last!]), y], x.shape)
    case 4:
      let inner = node("Div", [x.value, scalar(2.0.squareRoot())])
      let sum = node("Add", [node("Erf", [inner]), scalar(1)])
      add("Mul", [node("Mul", [x.value, sum]), scalar(0.5)], x.shape)
    default:
      let cube = node("Mul", [x.value, node("Mul", [x.value, x.value])])
      let sum = node("Add", [x.value, node("Mul", [cube, scalar(0.044715)])])
      let gate = node("Tanh", [node("Mul", [sum, scalar((2 / Double.pi).squareRoot())])])
      let half = node("Mul", [x.value, scalar(0.5)])
      add("Mul", [half, node("Add", [gate, scalar(1)])], x.shape)
    }
  }

  mutating func odds(_ x: Item) {
    switch number(0...4) {
    case 0:
      guard x.shape.count == 4, x.shape[2] > 2, x.shape[3] > 2 else { return }
      let widths = (0..<4).map { _ in chance(10) ? -1 : number(0...1) }
      let pads = [0, 0, widths[0], widths[1], 0, 0, widths[2], widths[3]]
      let shape = [
        x.shape[0], x.shape[1], x.shape[2] + widths[0] + widths[2],
        x.shape[3] + widths[1] + widths[3],
      ]
      var inputs: [ValueID?] = [x.value, integers(pads)]
      if chance(40) { inputs.append(scalarBound(one(of: [0, 0.5, -1]))) }
      add("Pad", inputs, shape)
      guard chance(70), shape[2] > 1, shape[3] > 1 else { return }
      let kind = one(of: ["AveragePool", "MaxPool"])
      var list = [Attribute("kernel_shape", .ints([2, 2]))]
      if kind == "AveragePool" { list.append(Attribute("count_include_pad", .int(number(0...1)))) }
      add(kind, [pool.last!.value], [shape[0], shape[1], shape[2] - 1, shape[3] - 1], list)
    case 1:
      let there = net.node(
        "Cast", name("cast"), [x.value], [Attribute("to", .int(one(of: [1, 7, 11])))])
      add("Cast", [there], x.shape, [Attribute("to", .int(11))])
    case 2:
      let flags = (0..<1).map { _ in UInt8(number(0...1)) }
      let condition = net.constant(name("flag"), Tensor(.bool, [1], Storage(flags)))
      add(
        "Where", [condition, x.value, one(of: pool.filter { $0.shape == x.shape }).value], x.shape)
    case 3:
      let shape = operandShape(x.shape)
      guard shape.count <= x.shape.count else { return }
      let wide = net.node("Expand", name("expand"), [constant(shape), integers(x.shape)])
      add("Add", [x.value, wide], x.shape)
    default:
      let axis = number(0...x.shape.count - 1)
      var kept = x.shape
      kept[axis] = 1
      let reduced = mean(x.value, x.shape, axis)
      pool.append(Item(value: reduced, shape: kept))
      guard x.shape.count > 1 else { return }
      var shape = kept
      shape.remove(at: axis)
      axes("Squeeze", Item(value: reduced, shape: kept), [axis], shape)
    }
  }

  /// The model: a few of the values are outputs, the last one always.
  mutating func model() -> Model {
    for _ in 0..<number(2...12) { layer() }
    var outputs: [ValueID] = []
    for item in pool where net.graph[item.value].producer != nil && chance(12) {
      outputs.append(item.value)
    }
    if let last = pool.last, net.graph[last.value].producer != nil, !outputs.contains(last.value) {
      outputs.append(last.value)
    }
    for id in outputs { net.graph.addOutput(ValueInfo(id, type: nil)) }
    return net.model(opset: opset)
  }
}
