package import IR
package import Operators

/// Sums over the elements of one channel of a value.
package struct ChannelSums: Sendable {
  package var count = 0
  package var sum = 0.0
  package var magnitude = 0.0
  package var square = 0.0
  package var zeros = 0

  /// Nothing seen yet.
  package init() {}

  fileprivate mutating func add(
    _ elements: UnsafeBufferPointer<Float>, _ start: Int, _ length: Int
  ) {
    for index in start..<start + length {
      let x = Double(elements[index])
      sum += x
      magnitude += abs(x)
      square += x * x
      if x == 0 { zeros += 1 }
    }
    count += length
  }
}

/// A value and the axis that counts its channels: a statistic that someone wants.
package struct ChannelPoint: Hashable, Sendable {
  package let value: ValueID
  package let axis: Int
  /// The number of channels.
  package let length: Int

  package init(value: ValueID, axis: Int, length: Int) {
    self.value = value
    self.axis = axis
    self.length = length
  }
}

/// Sums over each channel of floats at the points that are asked for.
package final class ChannelObserver: Observer {
  /// What was seen so far, by point.
  package private(set) var sums: [ChannelPoint: [ChannelSums]] = [:]
  package let values: Set<ValueID>
  private var points: [ValueID: [ChannelPoint]] = [:]

  package init(_ points: [ChannelPoint]) {
    values = Set(points.map(\.value))
    for point in points where sums[point] == nil {
      sums[point] = Array(repeating: ChannelSums(), count: point.length)
      self.points[point.value, default: []].append(point)
    }
  }

  package func observe(_ value: ValueID, _ view: TensorView) {
    guard view.elementType == .float else { return }
    let elements = view.elements(Float.self)
    for point in points[value] ?? []
    where point.axis < view.shape.count && view.shape[point.axis] == point.length {
      guard var own = sums.removeValue(forKey: point) else { continue }
      let inner = view.shape[(point.axis + 1)...].reduce(1, *)
      let outer = view.shape[..<point.axis].reduce(1, *)
      for block in 0..<outer {
        for channel in 0..<point.length {
          own[channel].add(elements, (block * point.length + channel) * inner, inner)
        }
      }
      sums[point] = own
    }
  }
}
