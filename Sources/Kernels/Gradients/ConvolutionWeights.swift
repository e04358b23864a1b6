/// The cotangent of a convolution's weight, `[M, C/group, …]`, from that of its result, `g`, and its
/// data, `x`: for each tap the sum over samples and positions of their products. In float or double;
/// false for other element types.
package func convolutionWeights(
  _ shape: ConvolutionShape, _ g: Source, _ x: Source, into y: Target
) -> Bool {
  guard g.scalar == x.scalar, x.scalar == y.scalar else { return false }
  switch x.scalar {
  case .float:
    weights(shape, g.bytes.base(Float.self), x.bytes.base(Float.self), y.bytes.base(Float.self))
  case .double:
    weights(shape, g.bytes.base(Double.self), x.bytes.base(Double.self), y.bytes.base(Double.self))
  default: return false
  }
  return true
}

private func weights<T: BinaryFloatingPoint & BitwiseCopyable>(
  _ shape: ConvolutionShape, _ g: UnsafePointer<T>, _ x: UnsafePointer<T>,
  _ y: UnsafeMutablePointer<T>
) {
  let window = shape.window.extended, taps = window.taps
  let columns = shape.inputChannels / shape.group, rows = shape.outputChannels / shape.group
  let inPlane = window.inputCount, outPlane = window.outputCount
  parallel(shape.outputChannels * columns, grain: 1) { range in
    for pair in range {
      let m = pair / columns, c = m / rows * columns + pair % columns
      for (place, tap) in taps.enumerated() {
        var sum: T = 0
        for n in 0..<shape.batch {
          sum += products(
            window, tap, g + (n * shape.outputChannels + m) * outPlane,
            x + (n * shape.inputChannels + c) * inPlane)
        }
        y[pair * taps.count + place] = sum
      }
    }
  }
}

/// The sum of products of a plane of the result with what one tap reads of a plane of the data.
@inline(__always)
private func products<T: BinaryFloatingPoint>(
  _ window: Window, _ tap: Window.Tap, _ g: UnsafePointer<T>, _ x: UnsafePointer<T>
) -> T {
  let strides = window.strides
  let (height, width) = (window.input[1], window.input[2])
  let (outHeight, outWidth) = (window.output[1], window.output[2])
  var sum: T = 0
  for d in tap.depth {
    for h in tap.row {
      let from =
        ((d * strides[0] + tap.depthOffset) * height + h * strides[1] + tap.rowOffset) * width
      let line = g + (d * outHeight + h) * outWidth
      for w in tap.column { sum += line[w] * x[from + w * strides[2] + tap.columnOffset] }
    }
  }
  return sum
}
