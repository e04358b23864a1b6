import Execution
import IR
import Kernels
import Operators
import Synchronization
import TestSupport
import Testing

/// A backend beside the others: it multiplies matrices in double precision, carries on with Relu, and
/// leaves its results column by column. It knows nothing of another backend, nor does one of it.
private final class ColumnBackend: Backend {
  /// Matrices lie column by column.
  private final class Columns: Arrangement {}

  /// How often values were brought into rows.
  final class Reorders: Sendable {
    private let counted = Atomic<Int>(0)
    func count() { counted.add(1, ordering: .relaxed) }
    var value: Int { counted.load(ordering: .relaxed) }
  }

  private let arrangement = Columns()
  private let reorders: Reorders

  init(_ reorders: Reorders) { self.reorders = reorders }

  static func choice(_ reorders: Reorders) -> BackendChoice {
    BackendChoice("columns") { _ in ColumnBackend(reorders) }
  }

  func lower(_ step: StepDescription) -> (any FastStep)? {
    switch (step.computation, step.form) {
    case (.product(.stacks, of: .plain)?, .plain): Product(clamps: false, arrangement)
    case (.product(.stacks, of: .plain)?, .chain): Product(clamps: true, arrangement)
    case (.function(.abs)?, .plain): Absolute()
    default: nil
    }
  }

  func functions(of function: UnaryFunction) -> [ElementFunction]? {
    function == .relu ? [ElementFunction(.relu)] : nil
  }

  func carries(_ chain: [PostOperation], behind computation: Computation) -> Bool {
    guard case .product = computation else { return false }
    return chain.allSatisfy(\.isRelu)
  }

  func rowMajor(
    _ value: RuntimeTensor, _ label: String, _ pool: BufferPool
  ) throws(ModelError) -> RuntimeTensor? {
    guard value.arrangement === arrangement else { return nil }
    reorders.count()
    let (rows, columns) = (value.shape[0], value.shape[1])
    let result = try pool.tensor(label, .float, value.shape)
    let from = value.bytes.bindMemory(to: Float.self)
    let to = result.target.bindMemory(to: Float.self)
    for row in 0..<rows {
      for column in 0..<columns { to[row * columns + column] = from[column * rows + row] }
    }
    return result
  }

  /// A product of two matrices that come row by row.
  private final class Product: FastStep {
    private let clamps: Bool
    private let arrangement: Columns

    init(clamps: Bool, _ arrangement: Columns) {
      self.clamps = clamps
      self.arrangement = arrangement
    }

    var readsLayouts: Bool { false }

    func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
      guard let a = call.operands[0], let b = call.operands[1], a.shape.count == 2,
        b.shape.count == 2, a.shape[1] == b.shape[0]
      else { return nil }
      let (m, k, n) = (a.shape[0], a.shape[1], b.shape[1])
      let plain = try call.pool.tensor(call.label, .float, [m, n])
      let left = a.bytes.bindMemory(to: Float.self), right = b.bytes.bindMemory(to: Float.self)
      let to = plain.target.bindMemory(to: Float.self)
      for row in 0..<m {
        for column in 0..<n {
          let terms = (0..<k).map { Double(left[row * k + $0]) * Double(right[$0 * n + column]) }
          let sum = Float(terms.reduce(0, +))
          to[column * m + row] = clamps && sum < 0 ? 0 : sum
        }
      }
      return [
        RuntimeTensor(
          .float, [m, n], plain.bytes, owner: plain.owner, arrangement: arrangement)
      ]
    }
  }

  /// Magnitudes of elements, wherever they lie.
  private final class Absolute: FastStep {
    func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
      guard let x = call.operands[0] else { return nil }
      let plain = try call.pool.tensor(call.label, .float, x.shape)
      let from = x.bytes.bindMemory(to: Float.self)
      let to = plain.target.bindMemory(to: Float.self)
      for index in from.indices { to[index] = abs(from[index]) }
      return [
        RuntimeTensor(
          .float, x.shape, plain.bytes, owner: plain.owner, arrangement: x.arrangement)
      ]
    }
  }
}

@Suite("A second backend")
struct SecondBackendTests {
  @Test("runs what it knows in its own arrangement and leaves the rest to the kernels")
  func columns() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 2)
    let joined = sketch.add("Relu", sketch.add("MatMul", x, try sketch.weight([5, 7])))
    let second = sketch.add("Abs", sketch.add("MatMul", joined, try sketch.weight([7, 3])))
    let model = sketch.model(sketch.add("Sin", second))
    let inputs = ["x": try floats([4, 5])]
    let reorders = ColumnBackend.Reorders()
    let session = try Session(
      model, options: SessionOptions(backend: ColumnBackend.choice(reorders)))
    let found = try #require(try session.run(inputs).values.first?.floats)
    // The first product's result is read in rows by the second, and the magnitudes by a kernel.
    #expect(reorders.value == 2)
    let names = try session.profile(inputs, runs: 1).map(\.name).sorted()
    #expect(names == ["Abs", "MatMul", "MatMul+Relu", "Sin"])
    let reference = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
    let expected = try #require(reference.values.first?.floats)
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 })
    #expect(found.count == expected.count)
  }

  @Test("is asked for values as they are in the model too")
  func inner() throws {
    var sketch = Network()
    let x = sketch.input("x", rank: 2)
    let product = sketch.add("MatMul", x, try sketch.weight([5, 7]))
    let model = sketch.model(sketch.add("Relu", product), product)
    let inputs = ["x": try floats([4, 5])]
    let choice = ColumnBackend.choice(ColumnBackend.Reorders())
    let a = try Session(model, options: SessionOptions(backend: choice)).run(inputs)
    let b = try Session(model, options: SessionOptions(backend: .reference)).run(inputs)
    for (name, tensor) in b {
      let found = try #require(a[name]?.floats), expected = try #require(tensor.floats)
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(name)")
    }
  }
}
