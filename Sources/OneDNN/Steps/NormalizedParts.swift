internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

/// Parts with their channels next to each other, or in blocks, put side by side with a factor and an
/// offset for each channel.
final class NormalizedParts: FastStep {
  private let axis: Int
  private let factor: [Float]
  private let offset: [Float]
  private let clamps: Bool
  /// The layout of the last result, so that results of one shape have one.
  private var last: (shape: [Int], layout: Layout)?

  /// - Parameter clamps: whether negative results become zero.
  init(axis: Int, factor: [Float], offset: [Float], clamps: Bool) {
    self.axis = axis
    self.factor = factor
    self.offset = offset
    self.clamps = clamps
  }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    let parts = call.operands.compactMap { $0 }
    guard let first = parts.first, parts.count == call.operands.count, first.shape.count > 2,
      axis == 1 || axis + first.shape.count == 1
    else { return nil }
    var shape = first.shape
    shape[1] = 0
    var pieces: [Piece] = []
    let block = first.layout?.descriptor.channelBlock
    for part in parts {
      guard let layout = part.layout?.descriptor,
        block == nil ? layout.isChannelsLast : layout.channelBlock == block,
        let from = part.bytes.baseAddress,
        part.shape.count == shape.count, part.shape[0] == shape[0],
        part.shape.dropFirst(2) == shape.dropFirst(2)
      else { return nil }
      pieces.append(
        Piece(
          x: from.assumingMemoryBound(to: Float.self), first: shape[1], channels: part.shape[1]))
      shape[1] += part.shape[1]
    }
    guard shape[1] == factor.count, let layout = layout(shape, block) else { return nil }
    let plain = try call.pool.tensor(call.label, .float, shape)
    guard let to = plain.target.baseAddress else { return nil }
    let channels = shape[1], positions = plain.count / channels
    let y = to.bindMemory(to: Float.self, capacity: plain.count)
    let result = RuntimeTensor(.float, shape, plain.bytes, owner: plain.owner, arrangement: layout)
    result.bound = bound(parts).map { ($0, false) }
    if let block {
      normalize(pieces, block: block, shape, into: y)
      return [result]
    }
    parallel(positions, grain: max(1, (1 << 15) / channels)) { range in
      // A few positions at a time, so that their channels are in the cache until all are written.
      for first in stride(from: range.lowerBound, to: range.upperBound, by: 8) {
        let few = first..<min(first + 8, range.upperBound)
        for piece in pieces { normalize(piece, few, channels, into: y) }
      }
    }
    return [result]
  }

  /// What no magnitude of the results exceeds, from what is known of the parts; nil where nothing is.
  private func bound(_ parts: [RuntimeTensor]) -> Double? {
    var largest = 0.0
    for part in parts {
      guard let bound = part.bound?.value, bound < Reach.limit else { return nil }
      largest = max(largest, bound)
    }
    let bound = largest * factor.magnitude + offset.magnitude
    return bound < Reach.limit ? bound : nil
  }

  /// - Parameter block: how many channels lie together; nil for all.
  private func layout(_ shape: [Int], _ block: Int?) -> Layout? {
    if let last, last.shape == shape, last.layout.descriptor.channelBlock == block {
      return last.layout
    }
    let made: dnnl_memory_desc_t? =
      if let block { .blocked(shape, block) } else { .channelsLast(shape) }
    guard let layout = made.map(Layout.init) else { return nil }
    last = (shape, layout)
    return layout
  }

  /// Parts whose channels lie in blocks of 8 or 16.
  private func normalize(
    _ pieces: [Piece], block: Int, _ shape: [Int], into y: UnsafeMutablePointer<Float>
  ) {
    let (batch, blocks) = (shape[0], shape[1] / block)
    let positions = shape.dropFirst(2).reduce(1, *)
    let size = positions * block
    parallel(batch * blocks, grain: max(1, (1 << 15) / size)) { range in
      for item in range {
        let (sample, place) = (item / blocks, item % blocks)
        let first = place * block
        guard let piece = pieces.last(where: { $0.first <= first }) else { continue }
        let row = sample * (piece.channels / block) + (first - piece.first) / block
        let (x, y) = (piece.x + row * size, y + item * size)
        // A line of memory is read once.
        if block == 16 {
          scale16(first, x, step: 16, y, step: 16, positions)
          continue
        }
        for part in stride(from: 0, to: block, by: 8) {
          scale8(first + part, x + part, y + part, step: block, positions)
        }
      }
    }
  }

  /// Writes sixteen neighbouring channels at each position; factors and offsets stay in registers.
  ///
  /// - Parameters:
  ///   - first: the first of the channels.
  ///   - from: how far positions lie apart in what is read.
  ///   - to: the same in what is written.
  private func scale16(
    _ first: Int, _ x: UnsafePointer<Float>, step from: Int, _ y: UnsafeMutablePointer<Float>,
    step to: Int, _ positions: Int
  ) {
    let floor: Float = clamps ? 0 : -.infinity
    let a = SIMD16(factor[first..<first + 16]), b = SIMD16(offset[first..<first + 16])
    var (x, y) = (UnsafeRawPointer(x), UnsafeMutableRawPointer(y))
    for _ in 0..<positions {
      let value = x.loadUnaligned(as: SIMD16<Float>.self) * a + b
      y.storeBytes(of: value.replacing(with: floor, where: value .< floor), as: SIMD16<Float>.self)
      x += 4 * from
      y += 4 * to
    }
  }

  /// The same with eight channels. What serves any number is not made for one by the compiler, and
  /// takes fifteen times as long.
  private func scale8(
    _ first: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, step: Int,
    _ positions: Int
  ) {
    let floor: Float = clamps ? 0 : -.infinity
    let a = SIMD8(factor[first..<first + 8]), b = SIMD8(offset[first..<first + 8])
    var (x, y) = (UnsafeRawPointer(x), UnsafeMutableRawPointer(y))
    for _ in 0..<positions {
      let value = x.loadUnaligned(as: SIMD8<Float>.self) * a + b
      y.storeBytes(of: value.replacing(with: floor, where: value .< floor), as: SIMD8<Float>.self)
      x += 4 * step
      y += 4 * step
    }
  }

  /// A part, and where its channels go.
  private struct Piece {
    let x: UnsafePointer<Float>
    let first: Int
    let channels: Int
  }

  private func normalize(
    _ piece: Piece, _ positions: Range<Int>, _ channels: Int, into y: UnsafeMutablePointer<Float>
  ) {
    let floor: Float = clamps ? 0 : -.infinity
    var channel = 0
    while channel + 16 <= piece.channels {
      scale16(
        piece.first + channel, piece.x + positions.lowerBound * piece.channels + channel,
        step: piece.channels, y + positions.lowerBound * channels + piece.first + channel,
        step: channels, positions.count)
      channel += 16
    }
    while channel < piece.channels {
      let (a, b) = (factor[piece.first + channel], offset[piece.first + channel])
      for position in positions {
        let value = piece.x[position * piece.channels + channel] * a + b
        y[position * channels + piece.first + channel] = value < floor ? floor : value
      }
      channel += 1
    }
  }
}
