extension Recurrence {
  /// What a layer reads, as doubles; shapes as in `Operands`.
  package struct Numbers: Sendable {
    package var x: [Double]
    package var w: [Double]
    package var r: [Double]
    package var bias: [Double]?
    package var peepholes: [Double]?
    package var state: [Double]?
    package var cellState: [Double]?

    package init(x: [Double], w: [Double], r: [Double]) {
      (self.x, self.w, self.r) = (x, w, r)
    }
  }

  /// The cotangents of what a layer gives out; nil where nothing hangs on it.
  package struct Cotangents: Sendable {
    /// Of the state after each step, [steps, batch, hidden].
    package var y: [Double]?
    /// Of the last states, [batch, hidden].
    package var state: [Double]?
    package var cellState: [Double]?

    package init() {}
  }

  /// The cotangents of what a layer reads, by backpropagation through time (P. J. Werbos,
  /// "Backpropagation Through Time: What It Does and How to Do It", 1990). All are made, also of what
  /// the layer does not have.
  package func gradient(_ operands: Numbers, _ cotangents: Cotangents) -> Numbers {
    var run = RecurrenceGradient(self, operands, cotangents)
    return run.run()
  }
}

/// One way back through a sequence.
private struct RecurrenceGradient {
  private let layer: Recurrence
  private let tape: RecurrenceTape
  private let cotangents: Recurrence.Cotangents
  /// The cotangents of the products with the inputs and with the states, [places, gates·hidden].
  private var ofInputs: [Double], ofStates: [Double]
  /// Those of the states before the place that was come to, [batch, hidden].
  private var state: [Double], cell: [Double]
  private var peepholes: [Double]

  private var n: Int { layer.hidden }
  private var rows: Int { layer.cell.gates * layer.hidden }

  init(
    _ layer: Recurrence, _ operands: Recurrence.Numbers, _ cotangents: Recurrence.Cotangents
  ) {
    self.layer = layer
    self.cotangents = cotangents
    tape = RecurrenceTape(layer, operands)
    ofInputs = [Double](repeating: 0, count: tape.sums.count)
    ofStates = ofInputs
    let none = [Double](repeating: 0, count: layer.batch * layer.hidden)
    (state, cell) = (cotangents.state ?? none, cotangents.cellState ?? none)
    peepholes = [Double](repeating: 0, count: 3 * layer.hidden)
  }

  mutating func run() -> Recurrence.Numbers {
    for step in (0..<(layer.lengths.max() ?? 0)).reversed() {
      for sequence in 0..<layer.batch where step < layer.lengths[sequence] {
        let place = tape.place(step, sequence)
        if let y = cotangents.y { for i in 0..<n { state[sequence * n + i] += y[place * n + i] } }
        switch layer.cell {
        case .plain: plain(place, sequence)
        case .gru(let resetsAfter): gru(place, sequence, resetsAfter)
        case .lstm(let couples): lstm(place, sequence, couples)
        }
      }
      passOn(step)
    }
    return gathered()
  }

  /// Adds what the products with the states hand on to the states before them.
  private mutating func passOn(_ step: Int) {
    var own = [Double](repeating: 0, count: layer.batch * rows)
    for sequence in 0..<layer.batch where step < layer.lengths[sequence] {
      let place = tape.place(step, sequence)
      for row in 0..<productRows {
        own[sequence * rows + row] = ofStates[place * rows + row]
      }
    }
    let back = product(
      own, tape.operands.r, MatrixProductShape(m: layer.batch, n: n, k: rows))
    for index in back.indices { state[index] += back[index] }
  }

  /// The rows of the weights that multiply the state itself.
  private var productRows: Int {
    if case .gru(resetsAfter: false) = layer.cell { 2 * n } else { rows }
  }

  private mutating func gathered() -> Recurrence.Numbers {
    let places = layer.steps * layer.batch, operands = tape.operands
    var result = Recurrence.Numbers(
      x: product(
        ofInputs, operands.w, MatrixProductShape(m: places, n: layer.input, k: rows)),
      w: product(
        ofInputs, operands.x, MatrixProductShape(m: rows, n: layer.input, k: places),
        turnedLeft: true),
      r: product(
        ofStates, tape.states, MatrixProductShape(m: rows, n: n, k: places), turnedLeft: true))
    if productRows < rows {
      let last = product(
        ofStates, tape.reset, MatrixProductShape(m: rows, n: n, k: places), turnedLeft: true)
      for index in productRows * n..<rows * n { result.r[index] = last[index] }
    }
    var bias = [Double](repeating: 0, count: 2 * rows)
    for index in ofInputs.indices {
      bias[index % rows] += ofInputs[index]
      bias[rows + index % rows] += ofStates[index]
    }
    (result.bias, result.peepholes) = (bias, peepholes)
    (result.state, result.cellState) = (state, cell)
    return result
  }

  /// A cotangent taken back through the function of a gate, nothing where its sum was cut.
  private func back(
    _ cotangent: Double, _ function: Int, _ place: Int, gate: Int, _ i: Int
  ) -> Double {
    let index = place * rows + gate * n + i, sum = tape.sums[index]
    guard sum.magnitude <= layer.limit else { return 0 }
    let named = layer.functions[function]
    return cotangent * named.slope(at: named.hasSlopeOfResult ? tape.gates[index] : sum)
  }

  private mutating func put(_ value: Double, _ place: Int, gate: Int, _ i: Int) {
    ofInputs[place * rows + gate * n + i] = value
    ofStates[place * rows + gate * n + i] = value
  }

  private mutating func plain(_ place: Int, _ sequence: Int) {
    for i in 0..<n {
      put(back(state[sequence * n + i], 0, place, gate: 0, i), place, gate: 0, i)
      state[sequence * n + i] = 0
    }
  }

  private mutating func gru(_ place: Int, _ sequence: Int, _ resetsAfter: Bool) {
    let first = place * rows, own = place * n
    var ofReset = [Double](repeating: 0, count: n)
    for i in 0..<n {
      let g = state[sequence * n + i], z = tape.gates[first + i]
      let candidate = back(g * (1 - z), 1, place, gate: 2, i)
      let difference = tape.states[own + i] - tape.gates[first + 2 * n + i]
      put(back(g * difference, 0, place, gate: 0, i), place, gate: 0, i)
      put(candidate, place, gate: 2, i)
      if resetsAfter {
        ofStates[first + 2 * n + i] = candidate * tape.gates[first + n + i]
        ofReset[i] = candidate * tape.reset[own + i]
      }
      state[sequence * n + i] = g * z
    }
    if !resetsAfter {
      let through = product(
        Array(ofStates[first + 2 * n..<first + 3 * n]),
        Array(tape.operands.r[2 * n * n..<3 * n * n]), MatrixProductShape(m: 1, n: n, k: n))
      for i in 0..<n {
        ofReset[i] = through[i] * tape.states[own + i]
        state[sequence * n + i] += through[i] * tape.gates[first + n + i]
      }
    }
    for i in 0..<n { put(back(ofReset[i], 0, place, gate: 1, i), place, gate: 1, i) }
  }

  private mutating func lstm(_ place: Int, _ sequence: Int, _ couples: Bool) {
    let first = place * rows, own = place * n, weights = tape.operands.peepholes
    let function = layer.functions[2]
    for i in 0..<n {
      let g = state[sequence * n + i], memory = tape.newCells[own + i]
      let (input, forget) = (tape.gates[first + i], tape.gates[first + 2 * n + i])
      let output = back(g * tape.shown[own + i], 0, place, gate: 1, i)
      put(output, place, gate: 1, i)
      let slope = function.slope(at: function.hasSlopeOfResult ? tape.shown[own + i] : memory)
      var ofCell = cell[sequence * n + i] + g * tape.gates[first + n + i] * slope
      if let weights { ofCell += weights[n + i] * output }
      peepholes[n + i] += output * memory
      let ofForget = ofCell * tape.cells[own + i]
      var ofInput = ofCell * tape.gates[first + 3 * n + i]
      if couples { ofInput -= ofForget }
      let last = couples ? 0 : back(ofForget, 0, place, gate: 2, i)
      let next = back(ofInput, 0, place, gate: 0, i)
      put(next, place, gate: 0, i)
      put(last, place, gate: 2, i)
      put(back(ofCell * input, 1, place, gate: 3, i), place, gate: 3, i)
      peepholes[i] += next * tape.cells[own + i]
      peepholes[2 * n + i] += last * tape.cells[own + i]
      var before = ofCell * forget
      if let weights { before += weights[i] * next + weights[2 * n + i] * last }
      cell[sequence * n + i] = before
      state[sequence * n + i] = 0
    }
  }
}
