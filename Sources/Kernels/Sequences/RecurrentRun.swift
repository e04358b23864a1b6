/// Floating-point numbers that recurrent layers run over.
protocol RecurrentNumber: BinaryFloatingPoint, Accumulator {
  static var scalar: Scalar { get }
  /// Applies a function in place.
  static func apply(_ function: UnaryFunction, _ x: UnsafeMutablePointer<Self>, _ count: Int)
}

extension Float: RecurrentNumber {
  static var scalar: Scalar { .float }
  static func apply(_ function: UnaryFunction, _ x: UnsafeMutablePointer<Float>, _ count: Int) {
    unaryFloat(function, x, x, count)
  }
}

extension Double: RecurrentNumber {
  static var scalar: Scalar { .double }
  static func apply(_ function: UnaryFunction, _ x: UnsafeMutablePointer<Double>, _ count: Int) {
    unaryDouble(function, x, x, count)
  }
}

/// One run of a recurrent layer. The products with the inputs are computed for all steps at once,
/// those with the state step by step.
struct RecurrentRun<T: RecurrentNumber> {
  private let layer: Recurrence
  private let operands: Recurrence.Operands
  private let bias: UnsafePointer<T>?
  private let peepholes: UnsafePointer<T>?
  private let y: UnsafeMutablePointer<T>
  private let state: UnsafeMutablePointer<T>
  private let cell: UnsafeMutablePointer<T>
  /// The number of rows of the weights, which is what a step of one sequence computes.
  private let rows: Int

  init?(
    _ layer: Recurrence, _ operands: Recurrence.Operands, _ y: Target, _ state: Target,
    _ cell: Target
  ) {
    guard let first = y.elements(T.self).baseAddress ?? UnsafeMutablePointer(bitPattern: 64),
      let last = state.elements(T.self).baseAddress, let memory = cell.elements(T.self).baseAddress
    else { return nil }
    self.layer = layer
    self.operands = operands
    bias = operands.bias?.bytes.base(T.self)
    peepholes = operands.peepholes?.bytes.base(T.self)
    self.y = first
    self.state = last
    self.cell = memory
    rows = layer.cell.gates * layer.hidden
  }

  func run() {
    let (batch, hidden) = (layer.batch, layer.hidden)
    set(state, operands.state)
    set(cell, operands.cellState)
    y.update(repeating: 0, count: layer.steps * batch * hidden)
    let steps = layer.lengths.max() ?? 0
    withScratch(layer.steps * batch * rows) { gates in
      product(operands.x, operands.w, m: steps * batch, k: layer.input, gates)
      addBias(gates)
      withScratch(hidden * rows) { weights in
        transpose(weights)
        withScratch(batch * rows) { recurrent in
          for step in 0..<steps { run(step, gates, weights, recurrent) }
        }
      }
    }
  }

  /// One step of every sequence that has one.
  private func run(
    _ step: Int, _ gates: UnsafeMutablePointer<T>, _ weights: UnsafeMutablePointer<T>,
    _ recurrent: UnsafeMutablePointer<T>
  ) {
    let hidden = layer.hidden
    multiply(step, weights, recurrent)
    for sequence in 0..<layer.batch where step < layer.lengths[sequence] {
      let time = layer.isReverse ? layer.lengths[sequence] - 1 - step : step
      let x = gates + (time * layer.batch + sequence) * rows
      let h = recurrent + sequence * rows
      switch layer.cell {
      case .plain: plain(x, h, sequence)
      case .gru(true): gru(x, h, sequence)
      case .gru(false): resettingGRU(x, h, sequence, weights)
      case .lstm(let couples): lstm(x, h, sequence, couples)
      }
      (y + (time * layer.batch + sequence) * hidden).update(
        from: state + sequence * hidden, count: hidden)
    }
  }

  private func plain(_ x: UnsafeMutablePointer<T>, _ h: UnsafeMutablePointer<T>, _ sequence: Int) {
    let state = state + sequence * layer.hidden
    for i in 0..<layer.hidden { state[i] = x[i] + h[i] }
    activate(0, state)
  }

  private func gru(_ x: UnsafeMutablePointer<T>, _ h: UnsafeMutablePointer<T>, _ sequence: Int) {
    let n = layer.hidden
    for i in 0..<2 * n { x[i] += h[i] }
    activate(0, x, 2)
    let late = bias.map { $0 + rows + 2 * n }
    for i in 0..<n { x[2 * n + i] += x[n + i] * (h[2 * n + i] + (late?[i] ?? 0)) }
    finishGRU(x, sequence)
  }

  private func resettingGRU(
    _ x: UnsafeMutablePointer<T>, _ h: UnsafeMutablePointer<T>, _ sequence: Int,
    _ weights: UnsafeMutablePointer<T>
  ) {
    let n = layer.hidden, state = state + sequence * n
    for i in 0..<2 * n { x[i] += h[i] }
    activate(0, x, 2)
    for i in 0..<n { x[n + i] *= state[i] }
    let sums = h + 2 * n
    sums.update(repeating: 0, count: n)
    for p in 0..<n {
      let factor = x[n + p], row = weights + p * rows + 2 * n
      for i in 0..<n { sums[i] = T.sum(sums[i], factor, row[i]) }
    }
    for i in 0..<n { x[2 * n + i] += sums[i] }
    finishGRU(x, sequence)
  }

  private func finishGRU(_ x: UnsafeMutablePointer<T>, _ sequence: Int) {
    let n = layer.hidden, state = state + sequence * n
    activate(1, x + 2 * n)
    for i in 0..<n { state[i] = (1 - x[i]) * x[2 * n + i] + x[i] * state[i] }
  }

  private func lstm(
    _ x: UnsafeMutablePointer<T>, _ h: UnsafeMutablePointer<T>, _ sequence: Int, _ couples: Bool
  ) {
    let n = layer.hidden, state = state + sequence * n, cell = cell + sequence * n
    for i in 0..<rows { x[i] += h[i] }
    let (input, output, forget, candidate) = (x, x + n, x + 2 * n, x + 3 * n)
    if let peepholes {
      for i in 0..<n { input[i] += peepholes[i] * cell[i] }
      for i in 0..<n { forget[i] += peepholes[2 * n + i] * cell[i] }
    }
    activate(0, input)
    if couples {
      for i in 0..<n { forget[i] = 1 - input[i] }
    } else {
      activate(0, forget)
    }
    activate(1, candidate)
    for i in 0..<n { cell[i] = forget[i] * cell[i] + input[i] * candidate[i] }
    if let peepholes { for i in 0..<n { output[i] += peepholes[n + i] * cell[i] } }
    activate(0, output)
    state.update(from: cell, count: n)
    T.apply(layer.functions[2], state, n)
    for i in 0..<n { state[i] *= output[i] }
  }

  /// Cuts and activates so many gates in place.
  private func activate(_ function: Int, _ x: UnsafeMutablePointer<T>, _ gates: Int = 1) {
    let count = gates * layer.hidden
    if layer.limit.isFinite {
      let limit = T(layer.limit)
      for i in 0..<count { x[i] = min(max(x[i], -limit), limit) }
    }
    T.apply(layer.functions[function], x, count)
  }

  /// Adds both halves of the bias, but for the half that a reset gate acts on.
  private func addBias(_ gates: UnsafeMutablePointer<T>) {
    guard let bias else { return }
    var late = rows
    if case .gru(resetsAfter: true) = layer.cell { late = 2 * layer.hidden }
    for row in 0..<(layer.lengths.max() ?? 0) * layer.batch {
      let x = gates + row * rows
      for i in 0..<rows { x[i] += bias[i] }
      for i in 0..<late { x[i] += bias[rows + i] }
    }
  }

  /// The inputs `a` [m, k] times the weights.
  private func product(
    _ a: Source, _ weight: Recurrence.Weight, m: Int, k: Int, _ y: UnsafeMutablePointer<T>
  ) {
    switch weight {
    case .plain(let b):
      var shape = MatrixProductShape(m: m, n: rows, k: k)
      shape.transposedB = true
      let bytes = UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(start: y, count: m * rows))
      _ = matrixProduct(shape, a, b, into: Target(T.scalar, [m, rows], bytes))
    case .dynamic(let product): run(product, a.bytes.base(T.self), m, y)
    }
  }

  /// The state times the turned weights [hidden, rows].
  private func multiply(
    _ step: Int, _ weights: UnsafeMutablePointer<T>, _ y: UnsafeMutablePointer<T>
  ) {
    let (m, k) = (layer.batch, layer.hidden)
    if case .dynamic(let product) = operands.r {
      return withScratch(m * k) { states in
        // A sequence counts for the range until one step after its end, as in ONNX Runtime.
        for row in 0..<m where step <= layer.lengths[row] {
          (states + row * k).update(from: state + row * k, count: k)
        }
        run(product, states, m, y)
      }
    }
    func view(_ start: UnsafeMutablePointer<T>, _ shape: [Int]) -> UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(start: start, count: shape[0] * shape[1]))
    }
    _ = matrixProduct(
      MatrixProductShape(m: m, n: rows, k: k),
      Source(T.scalar, [m, k], UnsafeRawBufferPointer(view(state, [m, k]))),
      Source(T.scalar, [k, rows], UnsafeRawBufferPointer(view(weights, [k, rows]))),
      into: Target(T.scalar, [m, rows], view(y, [m, rows])))
  }

  /// A product with quantized weights, which layers of floats alone have.
  private func run(
    _ product: DynamicProduct, _ x: UnsafePointer<T>, _ m: Int, _ y: UnsafeMutablePointer<T>
  ) {
    guard let x = x as? UnsafePointer<Float>, let y = y as? UnsafeMutablePointer<Float> else {
      return
    }
    product.run(x, rows: m, into: y)
  }

  /// Turns the recurrent weights, which every step multiplies by, once.
  private func transpose(_ weights: UnsafeMutablePointer<T>) {
    guard case .plain(let r) = operands.r else { return }
    let from = r.bytes.base(T.self)
    for row in 0..<rows {
      for column in 0..<layer.hidden {
        weights[column * rows + row] = from[row * layer.hidden + column]
      }
    }
  }

  private func set(_ target: UnsafeMutablePointer<T>, _ source: Source?) {
    let count = layer.batch * layer.hidden
    if let source {
      target.update(from: source.bytes.base(T.self), count: count)
    } else {
      target.update(repeating: 0, count: count)
    }
  }

  private func withScratch(_ count: Int, _ body: (UnsafeMutablePointer<T>) -> Void) {
    let scratch = UnsafeMutablePointer<T>.allocate(capacity: max(1, count))
    scratch.initialize(repeating: 0, count: count)
    defer { scratch.deallocate() }
    body(scratch)
  }
}
