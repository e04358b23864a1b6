/// An operand of bytes with the integer that stands for 0.
package struct ByteOperand {
  /// The integers as they are stored; signed ones as int32.
  package let elements: UnsafeBufferPointer<Int32>
  package let zeroPoint: Int32
  /// Whether they are signed.
  package let isSigned: Bool

  package init(_ elements: UnsafeBufferPointer<Int32>, zeroPoint: Int32, isSigned: Bool) {
    self.elements = elements
    self.zeroPoint = zeroPoint
    self.isSigned = isSigned
  }

  /// What is added to signed integers on the left side, which kernels take unsigned.
  fileprivate var shift: Int32 { isSigned ? 128 : 0 }

  fileprivate func byte(_ index: Int) -> UInt8 {
    UInt8(truncatingIfNeeded: elements[index] &+ shift)
  }
}

/// Products of matrices of bytes with sums of pairs that saturate (`SaturatingSums`), as int32 with
/// the zero-points taken off. A right side of unsigned bytes does not saturate.
package func saturatingProduct(
  _ shape: MatrixProductShape, _ a: ByteOperand, _ b: ByteOperand, into y: Target
) {
  let (m, n, k) = (shape.m, shape.n, shape.k)
  guard m > 0, n > 0 else { return }
  let sums = y.elements(Int32.self)
  let matrices = Set(shape.batchesB)
  var sides: [Int: SaturatingSums] = [:]
  for matrix in matrices {
    var weights = [Int32](repeating: 0, count: n * k)
    for column in 0..<n {
      for place in 0..<k {
        let index = shape.transposedB ? column * k + place : place * n + column
        weights[column * k + place] = b.elements[matrix * n * k + index]
      }
    }
    sides[matrix] = SaturatingSums(
      weights, columns: n, zeroPoint: b.zeroPoint, saturates: b.isSigned)
  }
  parallel(shape.batches * m, grain: max(1, 1 << 16 / max(1, n * k))) { range in
    var row = [UInt8](repeating: 0, count: k)
    for item in range {
      let (batch, line) = (item / m, item % m)
      guard let side = sides[shape.batchesB[batch]] else { continue }
      let start = shape.batchesA[batch] * m * k
      for place in 0..<k {
        row[place] = a.byte(start + (shape.transposedA ? place * m + line : line * k + place))
      }
      row.withUnsafeBufferPointer {
        side.forEach($0, rows: 1, zeroPoint: a.zeroPoint &+ a.shift) { _, column, sum in
          sums[item * n + column] = sum
        }
      }
    }
  }
}

/// A convolution of bytes with sums of pairs that saturate (`SaturatingSums`), as int32 with the
/// zero-points taken off. One input channel for each output channel is multiplied in 32 bits.
package func saturatingConvolution(
  _ shape: ConvolutionShape, _ x: ByteOperand, _ w: ByteOperand, bias: UnsafePointer<Int32>?,
  into y: Target
) {
  let places = Patches(shape).places, window = shape.window
  let channels = shape.inputChannels / shape.group, outputs = shape.outputChannels / shape.group
  let taps = window.kernelCount, length = channels * taps, positions = window.outputCount
  guard outputs > 0, positions > 0 else { return }
  let sums = y.elements(Int32.self)
  let sides = (0..<shape.group).map { group -> SaturatingSums in
    var weights = [Int32](repeating: 0, count: outputs * length)
    for output in 0..<outputs {
      for channel in 0..<channels {
        for tap in 0..<taps {
          weights[output * length + tap * channels + channel] =
            w.elements[((group * outputs + output) * channels + channel) * taps + tap]
        }
      }
    }
    return SaturatingSums(
      weights, columns: outputs, zeroPoint: w.zeroPoint,
      saturates: w.isSigned && (channels > 1 || outputs > 1))
  }
  let zero = x.zeroPoint &+ x.shift
  parallel(
    shape.batch * shape.group * positions, grain: max(1, 1 << 16 / (outputs * max(1, length)))
  ) { range in
    var row = [UInt8](repeating: 0, count: length)
    for item in range {
      let (sample, group) = (item / positions / shape.group, item / positions % shape.group)
      let position = item % positions
      let start = (sample * shape.inputChannels + group * channels) * window.inputCount
      for tap in 0..<taps {
        let place = places[position * taps + tap]
        for channel in 0..<channels {
          row[tap * channels + channel] =
            place < 0
            ? UInt8(truncatingIfNeeded: zero)
            : x.byte(start + channel * window.inputCount + place)
        }
      }
      row.withUnsafeBufferPointer {
        sides[group].forEach($0, rows: 1, zeroPoint: zero) { _, column, sum in
          let output = group * outputs + column
          sums[(sample * shape.outputChannels + output) * positions + position] =
            sum &+ (bias?[output] ?? 0)
        }
      }
    }
  }
}
