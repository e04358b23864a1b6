internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

/// LSTM and GRU with constant weights, one primitive a direction.
final class RecurrentStep: FastStep {
  private let kind: RecurrentKind
  private let weights: RecurrentWeights
  private unowned let accelerator: Accelerator
  /// What has been compiled for sequences of [steps, batch], the most recent last.
  private var entries: [(steps: Int, batch: Int, layers: [RecurrentLayer], isSmall: Bool)] = []

  var readsLayouts: Bool { false }

  /// Nil for layers that only the kernel computes.
  ///
  /// - Parameters:
  ///   - constants: the inputs that are the same in every run.
  ///   - given: which inputs the node has.
  init?(
    _ cell: Recurrence.Cell, _ settings: RecurrentSettings, _ constants: [RuntimeTensor?],
    given: [Bool], _ accelerator: Accelerator
  ) {
    // Lengths of sequences and peepholes are left to the kernel.
    guard let kind = RecurrentKind(cell, settings), given[safe: 4] != true, given[safe: 7] != true,
      let weights = RecurrentWeights(kind, constants, hasBias: given[safe: 3] ?? false, accelerator)
    else { return nil }
    self.kind = kind
    self.weights = weights
    self.accelerator = accelerator
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let x = call.operands[0], x.shape.count == 3, x.shape[2] == weights.input,
      x.shape.allSatisfy({ $0 > 0 })
    else { return nil }
    let (steps, batch) = (x.shape[0], x.shape[1])
    let state = [kind.directions.count, batch, weights.hidden]
    for index in 5...6 {
      guard let given = call.operands[safe: index] ?? nil else { continue }
      guard given.shape == state else { return nil }
    }
    if let known = entries.last(where: { $0.steps == steps && $0.batch == batch }) {
      return try run(known.layers, isSmall: known.isSmall, x, call)
    }
    let isSmall = call.isSmall(parts: steps * kind.directions.count)
    var layers: [RecurrentLayer] = []
    for direction in kind.directions.indices {
      let made = try accelerator.alone(when: isSmall) { () throws(ModelError) in
        RecurrentLayer(kind, weights, direction, steps: steps, batch: batch, accelerator)
      }
      guard let made else { return nil }
      layers.append(made)
    }
    if entries.count == PreparedStep.limit { entries.removeFirst() }
    entries.append((steps, batch, layers, isSmall))
    return try run(layers, isSmall: isSmall, x, call)
  }

  private func run(
    _ layers: [RecurrentLayer], isSmall: Bool, _ x: RuntimeTensor, _ call: FastCall
  ) throws(ModelError) -> [RuntimeTensor?]? {
    let (steps, batch, hidden) = (x.shape[0], x.shape[1], weights.hidden)
    let count = layers.count
    func tensor(_ shape: [Int]) throws(ModelError) -> RuntimeTensor {
      try call.pool.tensor(call.label, .float, shape)
    }
    let y = try tensor([steps, count, batch, hidden])
    let last = try tensor([count, batch, hidden]), cell = try tensor([count, batch, hidden])
    let zeros = try tensor([batch, hidden])
    zeros.target.initializeMemory(as: UInt8.self, repeating: 0)
    // A layer writes its steps without gaps, so two of them are put together afterwards.
    let part = count > 1 ? try tensor([steps, batch, hidden]) : y
    let size = 4 * batch * hidden
    for (place, layer) in layers.enumerated() {
      func state(_ index: Int) -> UnsafeRawPointer? {
        guard let given = call.operands[safe: index] ?? nil else { return zeros.bytes.baseAddress }
        return given.bytes.baseAddress.map { $0 + place * size }
      }
      guard let from = x.bytes.baseAddress, let first = state(5), let firstCell = state(6),
        let all = part.target.baseAddress, let end = last.target.baseAddress,
        let endCell = cell.target.baseAddress
      else { return nil }
      let done = try accelerator.alone(when: isSmall) { () throws(ModelError) in
        layer.run(
          from, state: first, cell: firstCell, to: all, state: end + place * size,
          cell: endCell + place * size)
      }
      guard done else { return nil }
      guard count > 1, let target = y.target.baseAddress else { continue }
      for step in 0..<steps {
        (target + (step * count + place) * size).copyMemory(
          from: all + step * size, byteCount: size)
      }
    }
    return [y, last, cell]
  }
}

/// The kinds of layers that oneDNN has as ONNX has them.
private struct RecurrentKind {
  enum Cell { case lstm, gru, resettingAfterGRU }

  let cell: Cell
  /// Whether each direction reads the sequence from its end.
  let directions: [Bool]

  init?(_ gates: Recurrence.Cell, _ settings: RecurrentSettings) {
    guard !settings.batchFirst, settings.limit == .infinity else { return nil }
    let usual: [UnaryFunction]
    switch gates {
    case .lstm(couplesForget: false): (cell, usual) = (.lstm, [.sigmoid, .tanh, .tanh])
    case .gru(resetsAfter: false): (cell, usual) = (.gru, [.sigmoid, .tanh])
    case .gru(resetsAfter: true): (cell, usual) = (.resettingAfterGRU, [.sigmoid, .tanh])
    case .lstm, .plain: return nil
    }
    guard settings.functions.allSatisfy({ $0 == usual }) else { return nil }
    directions = settings.directions
  }

  /// Where ONNX keeps each of oneDNN's gates.
  var order: [Int] { cell == .lstm ? [0, 2, 3, 1] : [0, 1, 2] }
}

/// The weights of a layer in the order of oneDNN's axes and gates.
private final class RecurrentWeights {
  enum Part: Int { case input = 1, state = 2, bias = 3 }

  let input: Int
  let hidden: Int
  private let kind: RecurrentKind
  private let constants: [RuntimeTensor?]
  private unowned let accelerator: Accelerator
  private var known: [(part: Part, direction: Int, layout: dnnl_memory_desc_t, memory: Memory)] = []

  /// Nil where weights are not constant.
  init?(
    _ kind: RecurrentKind, _ constants: [RuntimeTensor?], hasBias: Bool, _ accelerator: Accelerator
  ) {
    guard let w = constants[safe: 1] ?? nil, let r = constants[safe: 2] ?? nil,
      w.elementType == .float, r.elementType == .float, w.shape.count == 3, r.shape.count == 3
    else { return nil }
    input = w.shape[2]
    hidden = r.shape[2]
    let count = kind.directions.count, rows = kind.order.count * hidden
    guard input > 0, hidden > 0, w.shape == [count, rows, input], r.shape == [count, rows, hidden]
    else { return nil }
    if hasBias {
      guard let bias = constants[safe: 3] ?? nil, bias.elementType == .float,
        bias.shape == [count, 2 * rows]
      else { return nil }
    }
    self.kind = kind
    self.constants = constants
    self.accelerator = accelerator
  }

  /// The lengths of a part's axes: layers, directions, columns, gates, rows.
  func lengths(_ part: Part) -> [Int] {
    let gates = kind.order.count
    switch part {
    case .input: return [1, 1, input, gates, hidden]
    case .state: return [1, 1, hidden, gates, hidden]
    case .bias: return [1, 1, kind.cell == .resettingAfterGRU ? gates + 1 : gates, hidden]
    }
  }

  /// A part in a layout of oneDNN's.
  func memory(_ part: Part, _ direction: Int, _ wanted: dnnl_memory_desc_t) -> Memory? {
    if let found = known.first(where: {
      $0.part == part && $0.direction == direction && $0.layout.isSame(as: wanted)
    }) {
      return found.memory
    }
    let store = accelerator.weights
    let made: Storage? =
      if let constant = constants[safe: part.rawValue] ?? nil {
        store.reading(constant) { bytes in
          let numbers = bytes.bindMemory(to: Float.self)
          return part == .bias ? bias(direction, numbers) : turned(part, direction, numbers)
        }
      } else {
        Storage(count: 4 * lengths(part).reduce(1, *))
      }
    guard let elements = made, let given = dnnl_memory_desc_t.rowMajor(lengths(part)),
      let reorder = Reorder(given, to: wanted, accelerator),
      let (owner, to) = store.take(Layout(wanted).byteCount),
      let from = elements.bytes.baseAddress, reorder.run(from, to: to)
    else { return nil }
    withExtendedLifetime(elements) {}
    (constants[safe: part.rawValue] ?? nil)?.releasePages()
    let fixed = Memory.Fixed(address: UnsafeRawPointer(to), owner: owner)
    guard let memory = Memory(wanted, accelerator.engine, fixed: fixed) else { return nil }
    known.append((part, direction, wanted, memory))
    return memory
  }

  /// `[columns, gates, rows]` from the model's `[gates·rows, columns]`.
  private func turned(
    _ part: Part, _ direction: Int, _ from: UnsafeBufferPointer<Float>
  ) -> Storage {
    let columns = part == .input ? input : hidden, order = kind.order
    return Storage(count: 4 * columns * order.count * hidden) { target in
      let to = target.bindMemory(to: Float.self)
      for (gate, place) in order.enumerated() {
        for row in 0..<hidden {
          let start = ((direction * order.count + place) * hidden + row) * columns
          for column in 0..<columns {
            to[(column * order.count + gate) * hidden + row] = from[start + column]
          }
        }
      }
    }
  }

  /// Both halves of the bias added up. What the reset gate acts on stays apart where it acts after
  /// the product.
  private func bias(_ direction: Int, _ from: UnsafeBufferPointer<Float>) -> Storage {
    let order = kind.order, rows = order.count * hidden
    let gates = lengths(.bias)[2]
    return Storage(count: 4 * gates * hidden) { target in
      let to = target.bindMemory(to: Float.self)
      let start = direction * 2 * rows
      for gate in 0..<gates {
        for row in 0..<hidden {
          let isApart = gates > order.count && gate >= order.count - 1
          let place = order[min(gate, order.count - 1)] * hidden + row
          let first = gate < order.count ? from[start + place] : 0
          let second = !isApart || gate == order.count ? from[start + rows + place] : 0
          to[gate * hidden + row] = first + second
        }
      }
    }
  }
}

/// One direction of a layer, compiled for a number of steps and sequences.
private final class RecurrentLayer {
  private let primitive: Primitive
  private let weights: [Memory]
  private let x, state, cell, y, lastState, lastCell: Memory
  private let arguments: [dnnl_exec_arg_t]
  private let stream: dnnl_stream_t

  init?(
    _ kind: RecurrentKind, _ weights: RecurrentWeights, _ direction: Int, steps: Int, batch: Int,
    _ accelerator: Accelerator
  ) {
    let engine = accelerator.engine, hidden = weights.hidden
    guard var sequence = dnnl_memory_desc_t.rowMajor([steps, batch, weights.input]),
      var result = dnnl_memory_desc_t.rowMajor([steps, batch, hidden]),
      var once = dnnl_memory_desc_t.rowMajor([1, 1, batch, hidden]),
      var layerWeights = dnnl_memory_desc_t.any(weights.lengths(.input)),
      var stateWeights = dnnl_memory_desc_t.any(weights.lengths(.state)),
      var bias = dnnl_memory_desc_t.rowMajor(weights.lengths(.bias))
    else { return nil }
    let way =
      kind.directions[direction] ? dnnl_unidirectional_right2left : dnnl_unidirectional_left2right
    var operation = dnnl_rnn_desc_t()
    let status =
      switch kind.cell {
      case .lstm:
        dnnl_lstm_forward_desc_init(
          &operation, dnnl_forward_inference, way, &sequence, &once, &once, &layerWeights,
          &stateWeights, &bias, &result, &once, &once, 0)
      case .gru:
        dnnl_gru_forward_desc_init(
          &operation, dnnl_forward_inference, way, &sequence, &once, &layerWeights, &stateWeights,
          &bias, &result, &once, 0)
      case .resettingAfterGRU:
        dnnl_lbr_gru_forward_desc_init(
          &operation, dnnl_forward_inference, way, &sequence, &once, &layerWeights, &stateWeights,
          &bias, &result, &once, 0)
      }
    guard status == dnnl_success, let primitive = Primitive(operation, engine),
      let first = primitive.layout(dnnl_query_exec_arg_md, DNNL_ARG_WEIGHTS_LAYER),
      let second = primitive.layout(dnnl_query_exec_arg_md, DNNL_ARG_WEIGHTS_ITER),
      let w = weights.memory(.input, direction, first),
      let r = weights.memory(.state, direction, second),
      let b = weights.memory(.bias, direction, bias),
      let x = Memory(sequence, engine), let y = Memory(result, engine),
      let state = Memory(once, engine), let cell = Memory(once, engine),
      let lastState = Memory(once, engine), let lastCell = Memory(once, engine)
    else { return nil }
    self.primitive = primitive
    self.weights = [w, r, b]
    (self.x, self.y) = (x, y)
    (self.state, self.cell) = (state, cell)
    (self.lastState, self.lastCell) = (lastState, lastCell)
    stream = accelerator.stream
    var named: [(Int32, Memory)] = [
      (DNNL_ARG_SRC_LAYER, x), (DNNL_ARG_SRC_ITER, state), (DNNL_ARG_WEIGHTS_LAYER, w),
      (DNNL_ARG_WEIGHTS_ITER, r), (DNNL_ARG_BIAS, b), (DNNL_ARG_DST_LAYER, y),
      (DNNL_ARG_DST_ITER, lastState),
    ]
    if kind.cell == .lstm {
      named += [(DNNL_ARG_SRC_ITER_C, cell), (DNNL_ARG_DST_ITER_C, lastCell)]
    }
    arguments = named.map { dnnl_exec_arg_t(arg: $0.0, memory: $0.1.handle) }
  }

  /// Runs the layer; false where oneDNN fails. Other layers than LSTM leave the cell's state alone.
  func run(
    _ from: UnsafeRawPointer, state: UnsafeRawPointer, cell: UnsafeRawPointer,
    to: UnsafeRawPointer, state lastState: UnsafeRawPointer, cell lastCell: UnsafeRawPointer
  ) -> Bool {
    x.point(to: from) && y.point(to: to) && self.state.point(to: state)
      && self.cell.point(to: cell) && self.lastState.point(to: lastState)
      && self.lastCell.point(to: lastCell) && primitive.execute(stream, arguments)
  }
}
