/// A recurrent layer in one direction over a sequence of steps.
///
/// Weights are those of ONNX: `w` [gates·hidden, input], `r` [gates·hidden, hidden], `bias` the two
/// halves [2·gates·hidden], gates in the order z r h (GRU) and i o f c (LSTM), peepholes i o f.
package struct Recurrence: Sendable {
  /// What happens at one step.
  package enum Cell: Sendable {
    /// `h = f(x + r)`.
    case plain
    /// Gated recurrent unit; whether the reset gate acts after the product with the weights.
    case gru(resetsAfter: Bool)
    /// Long short-term memory; whether the forget gate is one minus the input gate.
    case lstm(couplesForget: Bool)

    package var gates: Int {
      switch self {
      case .plain: 1
      case .gru: 3
      case .lstm: 4
      }
    }
  }

  package var cell: Cell
  package var steps: Int
  package var batch: Int
  package var input: Int
  package var hidden: Int
  /// The functions f, g and h of the cell, as many as it has.
  package var functions: [UnaryFunction]
  /// What goes into the functions is cut to ± this; infinite for no limit.
  package var limit: Double
  /// Whether the sequence is read from its end.
  package var isReverse: Bool
  /// The number of steps of each sequence of the batch; what comes after is zero.
  package var lengths: [Int]

  package init(
    cell: Cell, steps: Int, batch: Int, input: Int, hidden: Int, functions: [UnaryFunction],
    limit: Double, isReverse: Bool, lengths: [Int]
  ) {
    self.cell = cell
    self.steps = steps
    self.batch = batch
    self.input = input
    self.hidden = hidden
    self.functions = functions
    self.limit = limit
    self.isReverse = isReverse
    self.lengths = lengths
  }

  /// The weights that inputs or states are multiplied by.
  package enum Weight {
    /// [gates·hidden, input], in the element type of the layer.
    case plain(Source)
    /// [input, gates·hidden] of 8-bit integers, for layers of floats.
    case dynamic(DynamicProduct)

    fileprivate func fits(_ scalar: Scalar, rows: Int, columns: Int) -> Bool {
      switch self {
      case .plain(let source): source.scalar == scalar && source.count == rows * columns
      case .dynamic(let product): scalar == .float && product.has([columns, rows])
      }
    }
  }

  /// What a layer reads: all of one element type, each without gaps.
  package struct Operands {
    /// [steps, batch, input].
    package var x: Source
    package var w: Weight
    package var r: Weight
    package var bias: Source?
    package var peepholes: Source?
    /// [batch, hidden]; zero when left out.
    package var state: Source?
    package var cellState: Source?

    package init(
      x: Source, w: Weight, r: Weight, bias: Source?, peepholes: Source?, state: Source?,
      cellState: Source?
    ) {
      self.x = x
      self.w = w
      self.r = r
      self.bias = bias
      self.peepholes = peepholes
      self.state = state
      self.cellState = cellState
    }
  }

  /// Runs the layer in float or double.
  ///
  /// - Parameters:
  ///   - y: the state after each step, [steps, batch, hidden].
  ///   - state: the last state, [batch, hidden].
  ///   - cellState: the last state of the cell, [batch, hidden]; of an LSTM only.
  /// - Returns: false when types or counts do not fit.
  package func run(
    _ operands: Operands, y: Target, state: Target, cellState: Target
  ) -> Bool {
    let scalar = operands.x.scalar, rows = cell.gates * hidden
    let counts = [
      (operands.bias, 2 * rows),
      (operands.peepholes, 3 * hidden), (operands.state, batch * hidden),
      (operands.cellState, batch * hidden), (operands.x, steps * batch * input),
    ]
    let targets = [
      (y, steps * batch * hidden), (state, batch * hidden), (cellState, batch * hidden),
    ]
    guard counts.allSatisfy({ $0.0 == nil || $0.0?.scalar == scalar && $0.0?.count == $0.1 }),
      targets.allSatisfy({ $0.0.scalar == scalar && $0.0.count == $0.1 }),
      operands.w.fits(scalar, rows: rows, columns: input),
      operands.r.fits(scalar, rows: rows, columns: hidden),
      lengths.count == batch, lengths.allSatisfy({ (0...steps).contains($0) })
    else { return false }
    switch scalar {
    case .float: RecurrentRun<Float>(self, operands, y, state, cellState)?.run()
    case .double: RecurrentRun<Double>(self, operands, y, state, cellState)?.run()
    default: return false
    }
    return true
  }
}
