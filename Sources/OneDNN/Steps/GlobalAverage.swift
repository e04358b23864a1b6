internal import COneDNN
internal import Execution
internal import IR
internal import Kernels
internal import Operators

/// The average over all positions of each channel, where channels lie next to each other. oneDNN's
/// pooling takes a window as large as the image one position at a time.
final class ChannelsLastAverage: FastStep {
  private let fallback: any FastStep

  init(fallback: any FastStep) { self.fallback = fallback }

  func run(_ call: FastCall) throws(ModelError) -> [RuntimeTensor?]? {
    guard let x = call.operands[0], x.shape.count > 2, let layout = x.layout,
      layout.descriptor.isChannelsLast, let from = x.bytes.baseAddress
    else { return try fallback.run(call) }
    let (batch, channels) = (x.shape[0], x.shape[1])
    let positions = x.shape.dropFirst(2).reduce(1, *)
    let shape = [batch, channels] + x.shape.dropFirst(2).map { _ in 1 }
    let result = try call.pool.tensor(call.label, .float, shape)
    guard let to = result.target.baseAddress else { return nil }
    let source = from.assumingMemoryBound(to: Float.self)
    let target = to.bindMemory(to: Float.self, capacity: batch * channels)
    // A line of the cache holds 16 channels; two lines are added up at a time.
    let blocks = (channels + 15) / 16
    let grain = max(batch * blocks < 4 ? 1 : 2, (1 << 17) / max(1, 16 * positions))
    parallel(batch * blocks, grain: grain) { items in
      var item = items.lowerBound
      while item < items.upperBound {
        let sample = item / blocks, first = item % blocks * 16
        let end = min(items.upperBound, (sample + 1) * blocks)
        let count = min(channels, (end - sample * blocks) * 16) - first
        average(
          source + sample * positions * channels + first, positions, step: channels, count,
          into: target + sample * channels + first)
        item = end
      }
    }
    return [result]
  }
}

/// Averages `count` neighbouring channels over positions that lie `step` elements apart.
private func average(
  _ x: UnsafePointer<Float>, _ positions: Int, step: Int, _ count: Int,
  into y: UnsafeMutablePointer<Float>
) {
  let scale = 1 / Float(positions)
  let (from, to) = (UnsafeRawPointer(x), UnsafeMutableRawPointer(y))
  var first = 0
  // Sums stay in registers, eight of four channels.
  while first + 32 <= count {
    var (low, high) = (SIMD16<Float>.zero, SIMD16<Float>.zero)
    var row = from + 4 * first
    for _ in 0..<positions {
      low += row.loadUnaligned(as: SIMD16<Float>.self)
      high += row.loadUnaligned(fromByteOffset: 64, as: SIMD16<Float>.self)
      row += 4 * step
    }
    to.storeBytes(of: low * scale, toByteOffset: 4 * first, as: SIMD16<Float>.self)
    to.storeBytes(of: high * scale, toByteOffset: 4 * first + 64, as: SIMD16<Float>.self)
    first += 32
  }
  while first + 4 <= count {
    var sum = SIMD4<Float>.zero
    var row = from + 4 * first
    for _ in 0..<positions {
      sum += row.loadUnaligned(as: SIMD4<Float>.self)
      row += 4 * step
    }
    to.storeBytes(of: sum * scale, toByteOffset: 4 * first, as: SIMD4<Float>.self)
    first += 4
  }
  while first < count {
    var sum: Float = 0
    for position in 0..<positions { sum += x[first + position * step] }
    y[first] = sum * scale
    first += 1
  }
}

extension Accelerator {
  /// The average of each channel.
  func globalAverage() -> any FastStep {
    ChannelsLastAverage(fallback: globalPool(dnnl_pooling_avg_exclude_padding))
  }
}
