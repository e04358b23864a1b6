internal import IR
internal import Operators
internal import Samples

/// What each channel of values was: its largest magnitude and its mean square.
final class ChannelSpread: Observer {
  /// What was seen of one value.
  struct Seen {
    var peaks: [Double]
    fileprivate var sums: [Double]
    fileprivate var count = 0.0
    var hasNegatives = false

    /// The mean square of each channel.
    var squares: [Double] { sums.map { $0 / max(1, count) } }
  }

  let values: Set<ValueID>
  /// The axis along which the channels of a value lie.
  private let axes: [ValueID: Int]
  private(set) var seen: [ValueID: Seen] = [:]

  init(_ axes: [ValueID: Int]) {
    self.axes = axes
    values = Set(axes.keys)
  }

  func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float, let axis = axes[value], view.shape.indices.contains(axis),
      view.shape[axis] > 0
    else { return }
    let channels = view.shape[axis]
    let zeros = [Double](repeating: 0, count: channels)
    var seen = self.seen[value] ?? Seen(peaks: zeros, sums: zeros)
    guard seen.peaks.count == channels else { return }
    let inner = view.shape[(axis + 1)...].reduce(1, *)
    let elements = view.elements(Float.self)
    guard inner > 0 else { return }
    for (run, start) in stride(from: 0, to: elements.count, by: inner).enumerated() {
      var peak: Float = 0, least: Float = 0, sum = 0.0
      for element in elements[start..<start + inner] where element.isFinite {
        peak = max(peak, element.magnitude)
        least = min(least, element)
        sum += Double(element) * Double(element)
      }
      let channel = run % channels
      seen.peaks[channel] = max(seen.peaks[channel], Double(peak))
      seen.sums[channel] += sum
      if least < 0 { seen.hasNegatives = true }
    }
    seen.count += Double(elements.count / channels)
    self.seen[value] = seen
  }
}
