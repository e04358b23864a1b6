/// The lengths that a convolution or a transposed convolution runs over.
///
/// For a transposed convolution `window` belongs to the convolution it is the transpose of: its
/// `input` is the operator's output and its `output` the operator's input.
package struct ConvolutionShape: Sendable, Hashable {
  package var batch: Int
  package var inputChannels: Int
  package var outputChannels: Int
  package var group: Int
  package var window: Window

  package init(
    batch: Int, inputChannels: Int, outputChannels: Int, group: Int, window: Window
  ) {
    self.batch = batch
    self.inputChannels = inputChannels
    self.outputChannels = outputChannels
    self.group = group
    self.window = window
  }

  /// The shape of a convolution's output.
  package var outputShape: [Int] { [batch, outputChannels] + window.output }

  /// The shape of a transposed convolution's output.
  package var transposedOutputShape: [Int] { [batch, outputChannels] + window.input }
}

/// Direct convolution, `[N, C, …]` with weights `[M, C/group, …]`, in float, double or int32.
///
/// The sum of an output runs over input channels, then kernel positions, whatever the number of
/// threads.
/// - Returns: false for other element types.
package func convolve(
  _ shape: ConvolutionShape, _ x: Source, _ w: Source, bias: Source?, into y: Target
) -> Bool {
  guard x.scalar == w.scalar, x.scalar == y.scalar, bias.map({ $0.scalar == x.scalar }) ?? true
  else { return false }
  func run<T: Accumulator>(_ type: T.Type) {
    convolve(
      shape, x.bytes.base(T.self), w.bytes.base(T.self), bias?.bytes.base(T.self),
      y.bytes.base(T.self))
  }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  case .int32: run(Int32.self)
  default: return false
  }
  return true
}

private func convolve<T: Accumulator>(
  _ shape: ConvolutionShape, _ x: UnsafePointer<T>, _ w: UnsafePointer<T>,
  _ bias: UnsafePointer<T>?, _ y: UnsafeMutablePointer<T>
) {
  let window = shape.window.threeAxes
  let taps = window.taps
  let channels = shape.inputChannels / shape.group, outputs = shape.outputChannels / shape.group
  let inRows = window.input[0] * window.input[1], outRows = window.output[0] * window.output[1]
  let outWidth = window.output[2]
  let rows = PhasedRows(
    x, rows: shape.batch * shape.inputChannels * inRows, width: window.input[2],
    stride: window.strides[2])
  defer { rows.deallocate() }
  /// The columns where no kernel position lies in the padding.
  let inner = taps.reduce(0..<outWidth) { $0.clamped(to: $1.column) }
  // Sums of so many columns stay in the innermost cache, and what is found out about a row serves so
  // many output channels.
  let (width, share) = (2048, 16)
  let blocks = (outWidth + width - 1) / width, shares = (outputs + share - 1) / share
  let work = max(1, min(outputs, share) * min(outWidth, width) * channels * taps.count)

  parallel(
    shape.batch * shape.group * shares * outRows * blocks, grain: max(1, 1 << 16 / work)
  ) { range in
    let terms = UnsafeMutableBufferPointer<Term<T>>.allocate(capacity: channels * taps.count)
    defer { terms.deallocate() }
    for item in range {
      let (block, line) = (item % blocks, item / blocks % outRows)
      let (part, group) = (item / blocks / outRows % shares, item / blocks / outRows / shares)
      let count = fill(
        terms, window, taps, rows, line: line, firstRow: group * channels * inRows,
        channels: channels)
      let columns = block * width..<min(outWidth, (block + 1) * width)
      for output in part * share..<min(outputs, (part + 1) * share) {
        let m = group % shape.group * outputs + output
        let plane = group / shape.group * shape.outputChannels + m
        let target = y + (plane * outRows + line) * outWidth
        (target + columns.lowerBound).initialize(
          repeating: bias?[m] ?? .zero, count: columns.count)
        add(
          UnsafeBufferPointer(rebasing: terms[..<count]), w + m * channels * taps.count, to: target,
          columns, inner: inner)
      }
    }
  }
}

/// What one element of the weight contributes to a row of the output: its product with `x`, in some
/// columns.
private struct Term<T: Accumulator> {
  let x: UnsafePointer<T>
  let weight: Int
  let columns: Range<Int>
}

/// Finds the terms of a row of the output, channel by channel, which is the order of the sums.
///
/// - Parameters:
///   - line: the row of the output, counted through its depth.
///   - firstRow: the first row of the input's first channel.
/// - Returns: how many there are.
private func fill<T: Accumulator>(
  _ terms: UnsafeMutableBufferPointer<Term<T>>, _ window: Window, _ taps: [Window.Tap],
  _ rows: PhasedRows<T>, line: Int, firstRow: Int, channels: Int
) -> Int {
  let (d, h) = (line / window.output[1], line % window.output[1])
  var count = 0
  for (position, tap) in taps.enumerated() where tap.depth.contains(d) && tap.row.contains(h) {
    let depth = d * window.strides[0] + tap.depthOffset
    let row = depth * window.input[1] + h * window.strides[1] + tap.rowOffset
    terms.initializeElement(
      at: count,
      to: Term(
        x: rows.address(row: firstRow + row, offset: tap.columnOffset), weight: position,
        columns: tap.column))
    count += 1
  }
  let step = window.input[0] * window.input[1] * rows.length
  for channel in 1..<max(1, channels) {
    for index in 0..<count {
      let first = terms[index]
      terms.initializeElement(
        at: channel &* count &+ index,
        to: Term(
          x: first.x + channel &* step, weight: first.weight &+ channel &* taps.count,
          columns: first.columns))
    }
  }
  return channels * count
}

/// Adds terms, in their order, to the given columns of a row.
///
/// - Parameter inner: the columns that all terms reach.
private func add<T: Accumulator>(
  _ terms: UnsafeBufferPointer<Term<T>>, _ weights: UnsafePointer<T>,
  to y: UnsafeMutablePointer<T>, _ columns: Range<Int>, inner: Range<Int>
) {
  let whole = inner.clamped(to: columns)
  for edge in [columns.lowerBound..<whole.lowerBound, whole.upperBound..<columns.upperBound]
  where !edge.isEmpty {
    for term in terms {
      let factor = weights[term.weight]
      for i in term.columns.clamped(to: edge) { y[i] = T.sum(y[i], term.x[i], factor) }
    }
  }
  guard !whole.isEmpty else { return }
  let target = y + whole.lowerBound
  var next = 0
  while next + 4 <= terms.count {
    let (x0, w0) = (terms[next].x + whole.lowerBound, weights[terms[next].weight])
    let (x1, w1) = (terms[next + 1].x + whole.lowerBound, weights[terms[next + 1].weight])
    let (x2, w2) = (terms[next + 2].x + whole.lowerBound, weights[terms[next + 2].weight])
    let (x3, w3) = (terms[next + 3].x + whole.lowerBound, weights[terms[next + 3].weight])
    for i in 0..<whole.count {
      let sum = T.sum(T.sum(target[i], x0[i], w0), x1[i], w1)
      target[i] = T.sum(T.sum(sum, x2[i], w2), x3[i], w3)
    }
    next += 4
  }
  for term in terms[next...] {
    let (x, factor) = (term.x + whole.lowerBound, weights[term.weight])
    for i in 0..<whole.count { target[i] = T.sum(target[i], x[i], factor) }
  }
}

/// Transposed convolution, `[N, C, …]` with weights `[C, M/group, …]`, in float or double.
///
/// - Returns: false for other element types.
package func convolveTransposed(
  _ shape: ConvolutionShape, _ x: Source, _ w: Source, bias: Source?, into y: Target
) -> Bool {
  guard x.scalar == w.scalar, x.scalar == y.scalar, bias.map({ $0.scalar == x.scalar }) ?? true
  else { return false }
  func run<T: Accumulator>(_ type: T.Type) {
    convolveTransposed(
      shape, x.bytes.base(T.self), w.bytes.base(T.self), bias?.bytes.base(T.self),
      y.bytes.base(T.self))
  }
  switch x.scalar {
  case .float: run(Float.self)
  case .double: run(Double.self)
  default: return false
  }
  return true
}

private func convolveTransposed<T: Accumulator>(
  _ shape: ConvolutionShape, _ x: UnsafePointer<T>, _ w: UnsafePointer<T>,
  _ bias: UnsafePointer<T>?, _ y: UnsafeMutablePointer<T>
) {
  let window = shape.window.threeAxes
  let taps = window.taps
  let targetPlane = window.inputCount, sourcePlane = window.outputCount
  let columns = shape.inputChannels / shape.group, rows = shape.outputChannels / shape.group
  let (height, width) = (window.input[1], window.input[2])
  let (sourceHeight, sourceWidth) = (window.output[1], window.output[2])
  let (depthStride, rowStride, stride) = (window.strides[0], window.strides[1], window.strides[2])
  let work = max(1, sourcePlane * columns * taps.count)

  parallel(shape.batch * shape.outputChannels, grain: max(1, 1 << 16 / work)) { range in
    for plane in range {
      let (n, m) = (plane / shape.outputChannels, plane % shape.outputChannels)
      let target = y + plane * targetPlane
      target.initialize(repeating: bias?[m] ?? .zero, count: targetPlane)
      let firstChannel = m / rows * columns
      for c in firstChannel..<firstChannel + columns {
        let source = x + (n * shape.inputChannels + c) * sourcePlane
        let weights = w + (c * rows + m % rows) * taps.count
        for (position, tap) in taps.enumerated() where !tap.column.isEmpty {
          let factor = weights[position]
          for d in tap.depth {
            let depth = (d * depthStride + tap.depthOffset) * height
            for h in tap.row {
              let row = depth + h * rowStride + tap.rowOffset
              let first = tap.column.lowerBound
              let input = source + (d * sourceHeight + h) * sourceWidth + first
              let output = target + row * width + first * stride + tap.columnOffset
              if stride == 1 {
                for i in 0..<tap.column.count { output[i] = T.sum(output[i], input[i], factor) }
              } else {
                for i in 0..<tap.column.count {
                  output[i &* stride] = T.sum(output[i &* stride], input[i], factor)
                }
              }
            }
          }
        }
      }
    }
  }
}
