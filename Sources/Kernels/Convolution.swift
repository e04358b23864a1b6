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
  let inputPlane = window.inputCount, outputPlane = window.outputCount
  let columns = shape.inputChannels / shape.group, rows = shape.outputChannels / shape.group
  let (inHeight, inWidth) = (window.input[1], window.input[2])
  let (outHeight, outWidth) = (window.output[1], window.output[2])
  let (depthStride, rowStride, stride) = (window.strides[0], window.strides[1], window.strides[2])
  let work = max(1, outputPlane * columns * taps.count)

  parallel(shape.batch * shape.outputChannels, grain: max(1, 1 << 16 / work)) { range in
    for plane in range {
      let (n, m) = (plane / shape.outputChannels, plane % shape.outputChannels)
      let target = y + plane * outputPlane
      target.initialize(repeating: bias?[m] ?? .zero, count: outputPlane)
      let firstChannel = n * shape.inputChannels + m / rows * columns
      for c in 0..<columns {
        let source = x + (firstChannel + c) * inputPlane
        let weights = w + (m * columns + c) * taps.count
        for (position, tap) in taps.enumerated() where !tap.column.isEmpty {
          let factor = weights[position]
          for d in tap.depth {
            let inDepth = (d * depthStride + tap.depthOffset) * inHeight
            for h in tap.row {
              let inRow = inDepth + h * rowStride + tap.rowOffset
              addScaled(
                source + inRow * inWidth + tap.column.lowerBound * stride + tap.columnOffset,
                stride: stride, factor,
                to: target + (d * outHeight + h) * outWidth + tap.column.lowerBound,
                count: tap.column.count)
            }
          }
        }
      }
    }
  }
}

/// `y[i] += factor·x[i·stride]`.
@inline(__always)
private func addScaled<T: Accumulator>(
  _ x: UnsafePointer<T>, stride: Int, _ factor: T, to y: UnsafeMutablePointer<T>, count: Int
) {
  if stride == 1 {
    for i in 0..<count { y[i] = T.sum(y[i], x[i], factor) }
  } else {
    for i in 0..<count { y[i] = T.sum(y[i], x[i &* stride], factor) }
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
