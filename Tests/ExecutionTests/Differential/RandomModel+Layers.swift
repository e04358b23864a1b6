import IR
import Operators

/// What random graphs are made of.
extension RandomModel {
  typealias Layer = @Sendable (inout RandomModel, Item) -> Void

  static let layers: [Layer] = [
    { $0.unary($1) }, { $0.unary($1) }, { $0.binary($1) }, { $0.binary($1) }, { $0.binary($1) },
    { $0.clamp($1) }, { $0.convolution($1) }, { $0.convolution($1) }, { $0.product($1) },
    { $0.product($1) }, { $0.normalization($1) }, { $0.normalization($1) }, { $0.pool($1) },
    { $0.pool($1) }, { $0.reduction($1) }, { $0.softmax($1) }, { $0.movement($1) },
    { $0.movement($1) }, { $0.join($1) }, { $0.selection($1) }, { $0.spelled($1) },
    { $0.integers($1) }, { $0.recurrence($1) },
  ]

  private static func names(_ fits: (any Operator.Type) -> Bool) -> [String] {
    Registry.names.filter { $0.domain.isEmpty }.map(\.type).filter { name in
      Registry.find(OperatorName(name), opset: opset).map(fits) ?? false
    }
  }

  private static let unaries = names { $0 is any UnaryElementwise.Type }
  private static let binaries = names {
    $0 is any BroadcastBinary.Type || $0 is any VariadicElementwise.Type
  }
  private static let comparisons = names { $0 is any Comparison.Type }
  private static let reductions = names { $0 is any Reduction.Type }

  /// Functions that jump, or that magnify differences without bound: for exact operands only.
  private static let unsteady: Set = [
    "Floor", "Ceil", "Round", "Sign", "Not", "Tan", "Log", "Reciprocal", "Sqrt", "Acos", "Asin",
    "Acosh", "Atanh", "ThresholdedRelu", "Shrink", "Div", "Mod", "Pow", "Exp", "Sinh", "Cosh",
    "Sin",
    "Cos", "ReduceLogSum", "ReduceProd", "ReduceLogSumExp",
  ]
  /// Functions that give one of their operand's elements or the nearest float to the result.
  private static let exact: Set = [
    "Relu", "Abs", "Neg", "Floor", "Ceil", "Round", "Sign", "Not", "Min", "Max", "Identity",
  ]

  private mutating func unary(_ x: Item) {
    guard x.isFloat else { return }
    let name = one(of: Self.unaries)
    guard x.isExact || !Self.unsteady.contains(name) else { return }
    add(name, [x.value], isExact: x.isExact && Self.exact.contains(name))
  }

  /// A shape that meets `shape` in an operation of two operands: often with fewer axes, now and then
  /// with more.
  private mutating func beside(_ shape: [Int]) -> [Int] {
    switch number(0...9) {
    case 0: return []
    case 1: return [1]
    case 2: return [Int](repeating: 1, count: number(1...2)) + shape
    case 3: return [Int](repeating: 1, count: shape.count + number(0...1))
    case 4 where shape.count > 1: return [shape[1]] + shape.dropFirst(2).map { _ in 1 }
    case 5: return shape
    default:
      return Array(shape.map { chance(50) ? 1 : $0 }.dropFirst(number(0...max(0, shape.count))))
    }
  }

  private mutating func binary(_ x: Item) {
    guard x.isFloat else { return }
    let name = chance(80) ? one(of: Self.binaries) : one(of: Self.comparisons)
    var second: ValueID
    var isExact = x.isExact
    if chance(40), let y = other(where: { $0.isFloat && $0.shape == x.shape }) {
      (second, isExact) = (y.value, isExact && y.isExact)
    } else {
      let shape = beside(x.shape)
      second = constant(shape, positive: name == "Div" || name == "Pow", extreme: true)
    }
    guard isExact || !Self.unsteady.contains(name) && !Self.comparisons.contains(name) else {
      // A constant divisor magnifies nothing.
      if name == "Div" {
        add(name, [x.value, constant(beside(x.shape), positive: true)], isExact: false)
      }
      return
    }
    let attributes = name == "Mod" ? [Attribute("fmod", .int(1))] : []
    let isPlain = Self.exact.contains(name) || Self.comparisons.contains(name)
    let operands = chance(70) ? [x.value, second] : [second, x.value]
    add(name, operands, attributes, isExact: isExact && isPlain)
  }

  private mutating func clamp(_ x: Item) {
    guard x.isFloat else { return }
    switch number(0...3) {
    case 0: add("Relu", [x.value], isExact: x.isExact)
    case 1:
      add(
        "Clip", [x.value, constant(Tensor(floats: [0], [])), constant(Tensor(floats: [6], []))],
        isExact: x.isExact)
    case 2: add("Clip", [x.value, nil, constant(Tensor(floats: [1.5], []))], isExact: x.isExact)
    default: add("LeakyRelu", [x.value], isExact: false)
    }
  }

  /// Weights are finite: whether a kernel's infinity meets the zeros of a padding is open.
  private mutating func convolution(_ x: Item) {
    guard x.isFloat, (3...5).contains(x.rank), x.shape[1] > 0 else { return }
    let group = chance(30) ? x.shape[1] : 1
    let spatial = x.rank - 2
    let kernel = (0..<spatial).map { _ in number(1...3) }
    let isTransposed = chance(20)
    let rows = group * number(1...3) * (chance(30) ? 8 : 1)
    let weight =
      isTransposed
      ? [x.shape[1], rows / group] + kernel : [rows, x.shape[1] / group] + kernel
    var attributes = [Attribute("group", .int(group))]
    if chance(60) {
      attributes.append(Attribute("pads", .ints((0..<2 * spatial).map { _ in number(0...1) })))
    }
    if chance(40) {
      attributes.append(Attribute("strides", .ints(kernel.map { _ in number(1...2) })))
    }
    let bias = chance(50) ? [constant([rows])] : []
    guard
      let y = add(
        isTransposed ? "ConvTranspose" : "Conv",
        [x.value, constant(weight)] + bias, attributes, isExact: false)
    else { return }
    carryOn(y)
  }

  /// What often follows an operator and becomes part of its step.
  private mutating func carryOn(_ y: Item) {
    guard chance(70) else { return }
    switch number(0...3) {
    case 0: clamp(y)
    case 1: normalization(y)
    case 2: binary(y)
    default: unary(y)
    }
  }

  private mutating func product(_ x: Item) {
    guard x.isFloat, x.rank >= 1 else { return }
    let columns = number(1...9)
    if x.rank == 2, chance(40) {
      let isTurned = chance(50)
      let bias =
        chance(60)
        ? [constant(one(of: [[columns], [1, columns], [], [1], [x.shape[0], 1]]))] : []
      guard
        let y = add(
          "Gemm",
          [x.value, constant(isTurned ? [columns, x.shape[1]] : [x.shape[1], columns])] + bias,
          [Attribute("transB", .int(isTurned ? 1 : 0))], isExact: false)
      else { return }
      return carryOn(y)
    }
    let depth = x.shape[x.rank - 1]
    let stack = x.rank > 2 && chance(30) ? Array(x.shape.dropLast(2)) : chance(20) ? [1] : []
    let shape = stack.isEmpty && chance(10) ? [depth] : stack + [depth, columns]
    guard let y = add("MatMul", [x.value, constant(shape, extreme: chance(10))], isExact: false)
    else {
      return
    }
    carryOn(y)
  }

  private mutating func normalization(_ x: Item) {
    guard x.isFloat, x.rank >= 2, !x.shape.contains(0) else { return }
    let channels = [x.shape[1]]
    switch number(0...4) {
    case 0, 1:
      add(
        "BatchNormalization",
        [
          x.value, constant(channels), constant(channels), constant(channels),
          constant(channels, positive: true),
        ],
        isExact: false)
    case 2:
      let axis = number(0...x.rank - 1)
      let shape = Array(x.shape[axis...])
      add(
        "LayerNormalization", [x.value, constant(shape)] + (chance(60) ? [constant(shape)] : []),
        [Attribute("axis", .int(axis))], isExact: false)
    case 3 where x.rank > 2:
      add(
        "InstanceNormalization", [x.value, constant(channels), constant(channels)], isExact: false)
    default:
      add("LRN", [x.value], [Attribute("size", .int(3))], isExact: false)
    }
  }

  private mutating func pool(_ x: Item) {
    guard x.isFloat, (3...5).contains(x.rank) else { return }
    if chance(25) {
      // There is no largest element of none.
      guard !x.shape.contains(0) else { return }
      add(one(of: ["GlobalAveragePool", "GlobalMaxPool"]), [x.value], isExact: false)
      return
    }
    let spatial = x.rank - 2
    let kernel = (0..<spatial).map { _ in number(1...3) }
    var attributes = [Attribute("kernel_shape", .ints(kernel))]
    if chance(60) {
      attributes.append(
        Attribute("pads", .ints((kernel + kernel).map { number(0...max(0, $0 - 1)) })))
    }
    if chance(50) {
      attributes.append(Attribute("strides", .ints(kernel.map { _ in number(1...2) })))
    }
    if chance(30) { attributes.append(Attribute("ceil_mode", .int(1))) }
    let isMaximum = chance(55)
    if !isMaximum, chance(50) { attributes.append(Attribute("count_include_pad", .int(1))) }
    add(
      isMaximum ? "MaxPool" : "AveragePool", [x.value], attributes, isExact: isMaximum && x.isExact)
  }

  private mutating func reduction(_ x: Item) {
    guard x.isFloat else { return }
    let name = one(of: Self.reductions)
    guard x.isExact || !Self.unsteady.contains(name) else { return }
    var operands: [ValueID?] = [x.value]
    if chance(80), x.rank > 0 {
      operands.append(integers((0..<x.rank).filter { _ in chance(50) }))
    }
    let isExact = x.isExact && (name == "ReduceMax" || name == "ReduceMin")
    add(name, operands, [Attribute("keepdims", .int(number(0...1)))], isExact: isExact)
  }

  private mutating func softmax(_ x: Item) {
    guard x.isFloat, x.rank > 0 else { return }
    let axis = Attribute("axis", .int(number(-x.rank...x.rank - 1)))
    switch number(0...4) {
    case 0, 1: add("Softmax", [x.value], [axis], isExact: false)
    case 2: add("LogSoftmax", [x.value], [axis], isExact: false)
    case 3 where x.isExact && !x.shape.contains(0):
      add(one(of: ["ArgMax", "ArgMin"]), [x.value], [axis], isExact: true)
    default:
      add("CumSum", [x.value, constant(Tensor(int64: [0], []))], isExact: false)
    }
  }

  private mutating func movement(_ x: Item) {
    let rank = x.rank
    switch number(0...8) {
    case 0 where rank > 0:
      add(
        "Transpose", [x.value],
        [Attribute("perm", .ints(Array(0..<rank).shuffled(using: &random)))], isExact: x.isExact)
    case 1 where !x.shape.contains(0):
      let split = number(0...rank)
      let rows = x.shape[..<split].reduce(1, *), columns = x.shape[split...].reduce(1, *)
      add(
        "Reshape",
        [
          x.value,
          integers(one(of: [[rows, columns], [rows, 1, columns], [-1], [1, rows, columns, 1]])),
        ], isExact: x.isExact)
    case 2:
      add("Flatten", [x.value], [Attribute("axis", .int(number(0...rank)))], isExact: x.isExact)
    case 3: add("Unsqueeze", [x.value, integers([number(0...rank)])], isExact: x.isExact)
    case 4 where x.shape.contains(1):
      add(
        "Squeeze", [x.value] + (chance(50) ? [integers([x.shape.firstIndex(of: 1) ?? 0])] : []),
        isExact: x.isExact)
    case 5 where rank > 0:
      let pads = (0..<2 * rank).map { _ in number(0...1) }
      var operands: [ValueID?] = [x.value, integers(pads)]
      if x.isFloat, chance(40) { operands.append(constant([], extreme: true)) }
      add(
        "Pad", operands,
        [
          Attribute(
            "mode",
            .string(Array((x.shape.contains(0) ? "constant" : one(of: ["constant", "edge"])).utf8)))
        ],
        isExact: x.isExact)
    case 6 where rank > 0:
      let axis = number(0...rank - 1), length = x.shape[axis]
      let start = number(0...max(0, length)), step = one(of: [1, 1, 2, -1])
      add(
        "Slice",
        [
          x.value, integers([step < 0 ? -1 : start]), integers([step < 0 ? -(length + 1) : length]),
          integers([axis]), integers([step]),
        ], isExact: x.isExact)
    case 7 where rank > 0:
      let axis = number(0...rank - 1)
      guard x.shape[axis] > 0 else { return }
      add(
        "Gather",
        [x.value, integers((0..<number(1...3)).map { _ in number(0...x.shape[axis] - 1) })],
        [Attribute("axis", .int(axis))], isExact: x.isExact)
    default:
      add(
        "Expand", [x.value, integers(x.shape.map { $0 == 1 ? number(1...3) : $0 })],
        isExact: x.isExact)
    }
  }

  private mutating func join(_ x: Item) {
    guard x.rank > 0 else { return }
    let others = (0..<number(1...2)).compactMap { _ in
      other { $0.type == x.type }
    }
    add(
      "Concat", [x.value] + others.map(\.value),
      [Attribute("axis", .int(number(-x.rank...x.rank - 1)))],
      isExact: x.isExact && others.allSatisfy(\.isExact))
  }

  private mutating func selection(_ x: Item) {
    guard x.isFloat else { return }
    if x.isExact, x.rank > 0, chance(40) {
      let length = x.shape[x.rank - 1]
      add("TopK", [x.value, integers([number(0...length)])], outputs: 2, isExact: true)
    } else if let mask = other(where: { $0.type.elementType == .bool }) {
      add(
        "Where", [mask.value, x.value, constant(beside(x.shape), extreme: true)],
        isExact: x.isExact && mask.isExact)
    } else {
      let shape = beside(x.shape)
      let bytes = (0..<shape.reduce(1, *)).map { _ in UInt8(number(0...1)) }
      add(
        "Where",
        [constant(Tensor(.bool, shape, Storage(bytes))), x.value, constant([], extreme: true)],
        isExact: x.isExact)
    }
  }

  /// Functions that exporters write as several nodes, with constants of any rank.
  private mutating func spelled(_ x: Item) {
    guard x.isFloat else { return }
    func number(_ value: Float) -> ValueID {
      let rank = chance(70) ? 0 : self.number(1...4)
      return constant(Tensor(floats: [value], [Int](repeating: 1, count: rank)))
    }
    func put(_ type: String, _ operands: ValueID?...) -> ValueID? {
      guard operands.allSatisfy({ $0 != nil }) else { return nil }
      return add(type, operands, isExact: false)?.value
    }
    switch self.number(0...4) {
    case 0:
      let erf = put("Erf", put("Div", x.value, number(1.414_213_5)))
      _ = put("Mul", put("Mul", x.value, put("Add", erf, number(1))), number(0.5))
    case 1:
      let line = put("Add", x.value, number(3))
      guard let line else { return }
      let clip = add(
        "Clip", [line, constant(Tensor(floats: [0], [])), constant(Tensor(floats: [6], []))],
        isExact: false)
      _ = put("Div", put("Mul", x.value, clip?.value), number(6))
    case 2: _ = put("Mul", x.value, put("Sigmoid", x.value))
    case 3: _ = put("Mul", x.value, put("Tanh", put("Softplus", x.value)))
    default:
      guard x.rank > 0 else { return }
      func mean(_ value: ValueID?) -> ValueID? {
        guard let value else { return nil }
        return add("ReduceMean", [value, integers([-1])], isExact: false)?.value
      }
      let centre = put("Sub", x.value, mean(x.value))
      let deviation = put("Sqrt", put("Add", mean(put("Pow", centre, number(2))), number(1e-5)))
      let row =
        [Int](repeating: 1, count: chance(70) ? 0 : self.number(1...3)) + [x.shape[x.rank - 1]]
      let scaled = put("Mul", put("Div", centre, deviation), constant(row))
      _ = put("Add", scaled, constant([x.shape[x.rank - 1]]))
    }
  }

  /// Rounding to bytes and back, with an operator between.
  private mutating func integers(_ x: Item) {
    guard x.isFloat, x.isExact, !isExtreme else { return }
    let zero = constant(Tensor(.uint8, [], Storage([UInt8(number(90...160))])))
    let scale = constant(Tensor(floats: [0.0625], []))
    guard let bytes = add("QuantizeLinear", [x.value, scale, zero], isExact: true) else { return }
    guard let back = add("DequantizeLinear", [bytes.value, scale, zero], isExact: true) else {
      return
    }
    if chance(50) { movement(back) } else { pool(back) }
  }

  private mutating func recurrence(_ x: Item) {
    guard x.isFloat, x.rank == 3, x.shape[2] > 0 else { return }
    let (type, gates) = one(of: [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
    let hidden = number(1...4)
    add(
      type,
      [x.value, constant([1, gates * hidden, x.shape[2]]), constant([1, gates * hidden, hidden])]
        + (chance(50) ? [constant([1, 2 * gates * hidden])] : []),
      [Attribute("hidden_size", .int(hidden))], isExact: false)
  }
}
