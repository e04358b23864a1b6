import IR
import Operators
import Samples

/// A graph that a seed makes up, of all families of operators, and tensors for its inputs.
///
/// Shapes are fixed and small: constants have other ranks than what they meet, axes have lengths of 0
/// and 1, and every other graph's inputs hold infinities, what is no number, and the ends of the
/// range of floats.
struct RandomModel {
  /// A value of the graph.
  struct Item {
    let value: ValueID
    let type: TensorType
    /// Whether the elements are the same bits whoever computes them. A function that jumps must see
    /// such only.
    let isExact: Bool

    var shape: [Int] { type.shape?.dimensions.compactMap(\.value) ?? [] }
    var rank: Int { shape.count }
    var isFloat: Bool { type.elementType == .float }
  }

  static let opset = 23
  private(set) var inputs: [String: Tensor] = [:]
  var random: SplitMix64
  /// Whether inputs and constants hold what is no number, infinities and extremes.
  let isExtreme: Bool
  private var graph = Graph(name: "random")
  private var pool: [Item] = []
  private var names: [String: Int] = [:]

  init(seed: UInt64) {
    random = SplitMix64(seed: seed &* 2_654_435_761 &+ 17)
    isExtreme = seed % 2 == 1
    for _ in 0..<number(1...2) { addInput() }
    for _ in 0..<number(1...9) {
      let x = pick()
      let layers = chance(25) ? Self.families : Self.layers
      layers[number(0...layers.count - 1)](&self, x)
    }
  }

  /// The model: every value that nothing reads is an output, and now and then another one.
  mutating func model() -> Model {
    let read = Set(graph.nodeIDs.flatMap { graph[$0].inputs.compactMap { $0 } })
    for item in pool where !graph.isInput(item.value) && (!read.contains(item.value) || chance(10))
    {
      graph.addOutput(ValueInfo(item.value, type: nil))
    }
    return Model(graph: graph, opset: Self.opset)
  }

  // MARK: Chances

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }
  mutating func one<T>(of items: [T]) -> T { items[number(0...items.count - 1)] }

  /// A length of an axis.
  mutating func length() -> Int { one(of: [1, 1, 2, 2, 3, 4, 5, 7, 8, 16, chance(20) ? 0 : 3]) }

  /// A value, mostly a recent one.
  private mutating func pick() -> Item {
    let last = pool.count - 1
    return pool[max(0, last - number(0...min(3, last)))]
  }

  /// A value that fits, if there is one.
  mutating func other(where fits: (Item) -> Bool) -> Item? {
    let items = pool.filter(fits)
    return items.isEmpty ? nil : one(of: items)
  }

  // MARK: Values

  private static let extremes: [Float] = [
    .nan, .infinity, -.infinity, 1e30, -1e30, 1e-30, 88.5, -88.5, 100, -100, -0.0, 0,
  ]

  private mutating func tensor(_ shape: [Int], extreme: Bool, positive: Bool = false) -> Tensor {
    let share = extreme ? one(of: [0, 3, 10, 40]) : 0
    return Tensor(
      floats: (0..<shape.reduce(1, *)).map { _ in
        if chance(share) { return one(of: Self.extremes) }
        let value = random.normal()
        return positive ? abs(value) + 0.5 : value
      }, shape)
  }

  private mutating func addInput() {
    let rank = one(of: [0, 1, 2, 2, 3, 3, 4, 4, 4, 5])
    let shape = (0..<rank).map { _ in length() }
    let tensor = tensor(shape, extreme: isExtreme)
    let value = graph.addFreshValue("x\(inputs.count)")
    graph.addInput(ValueInfo(value, type: .tensor(tensor.type)))
    inputs[graph[value].name] = tensor
    pool.append(Item(value: value, type: tensor.type, isExact: true))
  }

  /// A constant; in a graph of extremes it may hold such.
  mutating func constant(
    _ shape: [Int], positive: Bool = false, extreme: Bool = false
  ) -> ValueID {
    constant(tensor(shape, extreme: extreme && isExtreme && chance(30), positive: positive))
  }

  mutating func constant(_ tensor: Tensor) -> ValueID { graph.addInitializer(name("c"), tensor) }

  mutating func integers(_ values: [Int]) -> ValueID {
    constant(Tensor(int64: values, [values.count]))
  }

  private mutating func name(_ kind: String) -> String {
    names[kind, default: 0] += 1
    return "\(kind)\(names[kind, default: 0])"
  }

  /// Adds a node where inference takes it; nil where it does not.
  ///
  /// - Parameter isExact: whether its results are the same bits whoever computes them.
  @discardableResult
  mutating func add(
    _ type: String, _ operands: [ValueID?], _ attributes: [Attribute] = [], outputs: Int = 1,
    isExact: Bool
  ) -> Item? {
    let view = NodeView(
      label: type, attributes: attributes, inputs: operands.map { $0 != nil },
      outputs: [Bool](repeating: true, count: outputs))
    let known = pool
    let given = Inputs(
      label: type,
      operands.map { value in
        value.map { value in
          let item = known.last { $0.value == value }
          let constant = graph[value].initializer
          return Operand(
            name: graph[value].name, type: item?.type ?? constant?.type ?? .unknown,
            constant: constant)
        }
      })
    guard let op = try? Registry.make(OperatorName(type), opset: Self.opset, view) else {
      return nil
    }
    if let signature = Registry.signature(of: OperatorName(type), opset: Self.opset) {
      guard (try? signature.check(given)) != nil else { return nil }
    }
    guard let types = try? op.infer(given).map(\.type), types.count >= outputs,
      types.prefix(outputs).allSatisfy({ type in
        let count = type.shape?.elementCount.value
        return count.map { $0 < 20_000 } ?? false
      })
    else { return nil }
    let values = (0..<outputs).map { _ in graph.addFreshValue(name(type)) }
    graph.add(Node(type, inputs: operands, outputs: values, attributes: attributes))
    let items = zip(values, types).map { Item(value: $0, type: $1, isExact: isExact) }
    pool += items
    return items.first
  }
}
