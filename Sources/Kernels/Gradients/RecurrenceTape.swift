/// What a recurrent layer computes on its way through a sequence, kept for the way back. Numbers are
/// doubles; a place is a step of one sequence of the batch, `step·batch + sequence`.
struct RecurrenceTape {
  let layer: Recurrence
  let operands: Recurrence.Numbers
  /// What goes into the functions and what comes out of them, [places, gates·hidden].
  var sums: [Double], gates: [Double]
  /// The states before each place, [places, hidden].
  var states: [Double], cells: [Double]
  /// Of an LSTM the cell's new state and its function.
  var newCells: [Double], shown: [Double]
  /// Of a GRU what its reset gate acts on: the state, or the state's product with the weights.
  var reset: [Double]
  /// The last states, [batch, hidden].
  private var state: [Double], cell: [Double]

  private var hidden: Int { layer.hidden }
  private var rows: Int { layer.cell.gates * layer.hidden }

  init(_ layer: Recurrence, _ operands: Recurrence.Numbers) {
    (self.layer, self.operands) = (layer, operands)
    let places = layer.steps * layer.batch, rows = layer.cell.gates * layer.hidden
    sums = product(
      operands.x, operands.w, MatrixProductShape(m: places, n: rows, k: layer.input), turned: true)
    gates = sums
    states = [Double](repeating: 0, count: places * layer.hidden)
    (cells, newCells, shown, reset) = (states, states, states, states)
    let none = [Double](repeating: 0, count: layer.batch * layer.hidden)
    (state, cell) = (operands.state ?? none, operands.cellState ?? none)
    addBias()
    for step in 0..<(layer.lengths.max() ?? 0) { run(step) }
  }

  /// The place of a step, counted in the order in which the sequence is read.
  func place(_ step: Int, _ sequence: Int) -> Int {
    let time = layer.isReverse ? layer.lengths[sequence] - 1 - step : step
    return time * layer.batch + sequence
  }

  private mutating func addBias() {
    guard let bias = operands.bias else { return }
    var late = rows
    if case .gru(resetsAfter: true) = layer.cell { late = 2 * hidden }
    for index in sums.indices {
      let row = index % rows
      sums[index] += bias[row] + (row < late ? bias[rows + row] : 0)
    }
  }

  private mutating func run(_ step: Int) {
    let products = product(
      state, operands.r, MatrixProductShape(m: layer.batch, n: rows, k: hidden), turned: true)
    for sequence in 0..<layer.batch where step < layer.lengths[sequence] {
      let place = place(step, sequence)
      for i in 0..<hidden {
        states[place * hidden + i] = state[sequence * hidden + i]
        cells[place * hidden + i] = cell[sequence * hidden + i]
      }
      let own = products[sequence * rows..<(sequence + 1) * rows]
      switch layer.cell {
      case .plain:
        add(own, to: place, 0..<hidden)
        activate(0, place, gate: 0)
        for i in 0..<hidden { state[sequence * hidden + i] = gates[place * rows + i] }
      case .gru(let resetsAfter): gru(own, place, sequence, resetsAfter)
      case .lstm(let couples): lstm(own, place, sequence, couples)
      }
    }
  }

  private mutating func add(_ products: ArraySlice<Double>, to place: Int, _ range: Range<Int>) {
    for i in range { sums[place * rows + i] += products[products.startIndex + i] }
  }

  /// Applies a function to a gate's sums, cut to the limit.
  private mutating func activate(_ function: Int, _ place: Int, gate: Int) {
    let start = place * rows + gate * hidden
    var values = sums[start..<start + hidden].map { min(max($0, -layer.limit), layer.limit) }
    apply(layer.functions[function], &values)
    for i in 0..<hidden { gates[start + i] = values[i] }
  }

  private func apply(_ function: UnaryFunction, _ values: inout [Double]) {
    values.withUnsafeMutableBufferPointer {
      guard let start = $0.baseAddress else { return }
      unaryDouble(function, start, start, $0.count)
    }
  }

  private mutating func gru(
    _ products: ArraySlice<Double>, _ place: Int, _ sequence: Int, _ resetsAfter: Bool
  ) {
    let n = hidden, first = place * rows, own = place * n
    add(products, to: place, 0..<2 * n)
    activate(0, place, gate: 0)
    activate(0, place, gate: 1)
    if resetsAfter {
      for i in 0..<n {
        let late = operands.bias?[rows + 2 * n + i] ?? 0
        reset[own + i] = products[products.startIndex + 2 * n + i] + late
        sums[first + 2 * n + i] += gates[first + n + i] * reset[own + i]
      }
    } else {
      for i in 0..<n { reset[own + i] = gates[first + n + i] * states[own + i] }
      let more = product(
        Array(reset[own..<own + n]), Array(operands.r[2 * n * n..<3 * n * n]),
        MatrixProductShape(m: 1, n: n, k: n), turned: true)
      for i in 0..<n { sums[first + 2 * n + i] += more[i] }
    }
    activate(1, place, gate: 2)
    for i in 0..<n {
      let z = gates[first + i]
      state[sequence * n + i] = (1 - z) * gates[first + 2 * n + i] + z * states[own + i]
    }
  }

  private mutating func lstm(
    _ products: ArraySlice<Double>, _ place: Int, _ sequence: Int, _ couples: Bool
  ) {
    let n = hidden, first = place * rows, own = place * n
    add(products, to: place, 0..<rows)
    if let peepholes = operands.peepholes {
      for i in 0..<n {
        sums[first + i] += peepholes[i] * cells[own + i]
        sums[first + 2 * n + i] += peepholes[2 * n + i] * cells[own + i]
      }
    }
    activate(0, place, gate: 0)
    activate(0, place, gate: 2)
    activate(1, place, gate: 3)
    for i in 0..<n {
      if couples { gates[first + 2 * n + i] = 1 - gates[first + i] }
      newCells[own + i] =
        gates[first + 2 * n + i] * cells[own + i] + gates[first + i] * gates[first + 3 * n + i]
      if let peepholes = operands.peepholes {
        sums[first + n + i] += peepholes[n + i] * newCells[own + i]
      }
    }
    activate(0, place, gate: 1)
    var values = Array(newCells[own..<own + n])
    apply(layer.functions[2], &values)
    for i in 0..<n {
      shown[own + i] = values[i]
      cell[sequence * n + i] = newCells[own + i]
      state[sequence * n + i] = gates[first + n + i] * values[i]
    }
  }
}

/// A product of matrices of doubles.
///
/// - Parameter turned: whether the right one comes with its rows and columns exchanged.
func product(
  _ a: [Double], _ b: [Double], _ given: MatrixProductShape, turned: Bool = false,
  turnedLeft: Bool = false
) -> [Double] {
  var shape = given
  (shape.transposedA, shape.transposedB) = (turnedLeft, turned)
  var result = [Double](repeating: 0, count: shape.m * shape.n)
  a.withUnsafeBytes { a in
    b.withUnsafeBytes { b in
      result.withUnsafeMutableBytes { result in
        _ = matrixProduct(
          shape, Source(.double, [a.count / 8], a), Source(.double, [b.count / 8], b),
          into: Target(.double, [shape.m, shape.n], result))
      }
    }
  }
  return result
}
