internal import IR
private import Glibc

/// How far two tensors of one type and shape are apart.
public struct TensorDifference: Hashable, Sendable {
  /// The number of elements.
  public let count: Int
  /// Elements that differ.
  public private(set) var changed = 0
  /// The largest absolute difference; nil where an element has no distance, such as a NaN.
  public private(set) var maximum: Double? = 0
  /// The mean absolute difference over all elements.
  public var mean: Double? { maximum == nil ? nil : count > 0 ? sum / Double(count) : 0 }
  private var sum = 0.0
  private var power = 0.0
  private var error = 0.0

  /// Power of the first tensor over that of the difference, in dB; infinite where nothing differs.
  public var sqnr: Double { maximum == nil ? -.infinity : Self.decibels(power, error) }

  /// The largest absolute difference, relative to the first tensor's root mean square.
  public var relative: Double? {
    maximum.map { $0 == 0 ? 0 : $0 / (power / Double(max(count, 1))).squareRoot() }
  }

  /// Ten times the decimal logarithm of a ratio of powers.
  static func decibels(_ power: Double, _ error: Double) -> Double {
    error == 0 ? .infinity : power == 0 ? -.infinity : 10 * log10(power / error)
  }

  /// No element compared yet.
  init(count: Int) { self.count = count }

  /// Compares two elements.
  mutating func take(_ p: Float, _ q: Float) {
    let x = Double(p)
    power += x * x
    if p != q { add(x, Double(q)) }
  }

  /// Compares numbers; nil for types that are not numbers.
  init?(_ a: Tensor, _ b: Tensor) {
    count = a.count
    if a.elementType == .float, let x = a.storage, let y = b.storage,
      x.count == count * 4, y.count == x.count
    {
      x.withUnsafeBytes { x in
        y.withUnsafeBytes { y in
          for offset in stride(from: 0, to: x.count, by: 4) {
            let p = x.loadUnaligned(fromByteOffset: offset, as: Float.self)
            let q = y.loadUnaligned(fromByteOffset: offset, as: Float.self)
            take(p, q)
          }
        }
      }
    } else {
      guard let x = a.doubles, let y = b.doubles, x.count == y.count else { return nil }
      for (p, q) in zip(x, y) {
        power += p * p
        if p != q { add(p, q) }
      }
    }
  }

  private mutating func add(_ p: Double, _ q: Double) {
    if p.isNaN && q.isNaN { return }
    changed += 1
    let distance = (p - q).magnitude
    if distance.isFinite {
      sum += distance
      error += distance * distance
      if let maximum, distance > maximum { self.maximum = distance }
    } else {
      maximum = nil
    }
  }

  /// For people.
  var text: String {
    guard changed > 0 else { return "equal numbers in other bits (signs of zero, NaN payloads)" }
    let head = "\(grouped(changed)) of \(grouped(count)) elements changed"
    guard let maximum, let mean else { return head + ", some to or from NaN or infinity" }
    let figures = ", max |Δ| \(Self.short(maximum)), mean |Δ| \(Self.short(mean))"
    return head + figures + (sqnr.isFinite ? ", SQNR \(NumberText.decimal(sqnr, 1)) dB" : "")
  }

  /// For programs.
  var figures: [JSONValue.Member] {
    [
      .init(key: "elements", value: .int(count)),
      .init(key: "changed", value: .int(changed)),
      .init(key: "max_abs", value: maximum.map { .number($0) } ?? .null),
      .init(key: "mean_abs", value: mean.map { .number($0) } ?? .null),
      .init(key: "sqnr_db", value: .number(sqnr)),
    ]
  }

  /// A number with four significant digits.
  private static func short(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "\(value)" }
    var scale = 1.0
    var scaled = value
    while scaled < 1000, scale < 1e300 {
      scaled *= 10
      scale *= 10
    }
    while scaled >= 10000 {
      scaled /= 10
      scale /= 10
    }
    return "\(scaled.rounded() / scale)"
  }
}
