/// A number with the type in which its sums are kept.
protocol Accumulable: Arithmetic {
  associatedtype Wide: Accumulable where Wide.Wide == Wide
  var wide: Wide { get }
  init(wide: Wide)
}

extension Accumulable where Wide == Self {
  @inline(__always) var wide: Self { self }
  @inline(__always) init(wide: Self) { self = wide }
}

extension Float: Accumulable {
  @inline(__always) var wide: Double { Double(self) }
  @inline(__always) init(wide: Double) { self = Float(wide) }
}

extension Double: Accumulable { typealias Wide = Double }
extension Int8: Accumulable { typealias Wide = Int8 }
extension UInt8: Accumulable { typealias Wide = UInt8 }
extension Int16: Accumulable { typealias Wide = Int16 }
extension UInt16: Accumulable { typealias Wide = UInt16 }
extension Int32: Accumulable { typealias Wide = Int32 }
extension UInt32: Accumulable { typealias Wide = UInt32 }
extension Int64: Accumulable { typealias Wide = Int64 }
extension UInt64: Accumulable { typealias Wide = UInt64 }

/// A way to fold elements: what each counts as, and how two become one.
protocol Accumulation {
  associatedtype Element: Accumulable
  static var start: Element.Wide { get }
  static func lift(_ x: Element) -> Element.Wide
  static func combine(_ a: Element.Wide, _ b: Element.Wide) -> Element.Wide
}

extension Accumulation {
  @inline(__always) static func lift(_ x: Element) -> Element.Wide { x.wide }
}

enum SumOf<Element: Accumulable>: Accumulation {
  static var start: Element.Wide { .zero }
  @inline(__always) static func combine(_ a: Element.Wide, _ b: Element.Wide) -> Element.Wide {
    Element.Wide.plus(a, b)
  }
}

enum MagnitudeOf<Element: Accumulable>: Accumulation {
  static var start: Element.Wide { .zero }
  @inline(__always) static func lift(_ x: Element) -> Element.Wide {
    let value = x.wide
    return value < .zero ? Element.Wide.minus(.zero, value) : value
  }
  @inline(__always) static func combine(_ a: Element.Wide, _ b: Element.Wide) -> Element.Wide {
    Element.Wide.plus(a, b)
  }
}

enum SquareOf<Element: Accumulable>: Accumulation {
  static var start: Element.Wide { .zero }
  @inline(__always) static func lift(_ x: Element) -> Element.Wide {
    Element.Wide.times(x.wide, x.wide)
  }
  @inline(__always) static func combine(_ a: Element.Wide, _ b: Element.Wide) -> Element.Wide {
    Element.Wide.plus(a, b)
  }
}

enum ProductOf<Element: Accumulable>: Accumulation {
  static var start: Element.Wide { .one }
  @inline(__always) static func combine(_ a: Element.Wide, _ b: Element.Wide) -> Element.Wide {
    Element.Wide.times(a, b)
  }
}

enum LargestOf<Element: Accumulable>: Accumulation {
  static var start: Element.Wide { .lowest }
  @inline(__always) static func combine(_ a: Element.Wide, _ b: Element.Wide) -> Element.Wide {
    larger(a, b)
  }
}

enum SmallestOf<Element: Accumulable>: Accumulation {
  static var start: Element.Wide { .highest }
  @inline(__always) static func combine(_ a: Element.Wide, _ b: Element.Wide) -> Element.Wide {
    smaller(a, b)
  }
}

/// The axes of a tensor merged into runs that are reduced or kept alternately.
struct Runs {
  private(set) var lengths: [Int] = []
  private(set) var isReduced: [Bool] = []

  init(_ shape: [Int], _ axes: [Int]) {
    for (axis, length) in shape.enumerated() where length != 1 {
      let reduced = axes.contains(axis)
      if isReduced.last == reduced {
        lengths[lengths.count - 1] *= length
      } else {
        lengths.append(length)
        isReduced.append(reduced)
      }
    }
  }

  /// The number of results.
  var kept: Int { zip(lengths, isReduced).reduce(1) { $1.1 ? $0 : $0 * $1.0 } }

  /// The number of elements that go into one result.
  var reduced: Int { zip(lengths, isReduced).reduce(1) { $1.1 ? $0 * $1.0 : $0 } }
}

/// Reduces the runs from the innermost outwards: the first stage lifts elements, the others fold
/// what the stage before left.
func accumulate<First: Accumulation, Rest: Accumulation>(
  _ first: First.Type, _ rest: Rest.Type, _ x: Source, _ runs: Runs,
  _ y: UnsafeMutableBufferPointer<First.Element.Wide>
) where Rest.Element == First.Element.Wide {
  var lengths = runs.lengths, isReduced = runs.isReduced
  guard let out = y.baseAddress, y.count > 0 else { return }
  guard runs.reduced > 0, let elements = x.elements(First.Element.self).baseAddress else {
    y.update(repeating: First.start)
    return
  }
  var scratch: UnsafeMutableBufferPointer<First.Element.Wide>?
  defer { scratch?.deallocate() }
  var isFirst = true
  repeat {
    // Without a run to reduce, every element is a run of its own.
    let last = isReduced.lastIndex(of: true) ?? isReduced.count
    let length = last < lengths.count ? lengths.remove(at: last) : 1
    if last < isReduced.count { isReduced.remove(at: last) }
    let outer = lengths[..<last].reduce(1, *)
    let inner = lengths[last...].reduce(1, *)
    let isLast = !isReduced.contains(true)
    let next =
      isLast
      ? nil
      : UnsafeMutableBufferPointer<First.Element.Wide>.allocate(
        capacity: outer * inner)
    let target = next?.baseAddress ?? out
    if isFirst {
      fold(first, elements, outer, length, inner, target)
    } else if let from = scratch?.baseAddress {
      fold(rest, UnsafePointer(from), outer, length, inner, target)
    }
    scratch?.deallocate()
    scratch = next
    isFirst = false
    if isLast { break }
  } while true
}

/// Folds the middle axis of [outer, length, inner].
private func fold<A: Accumulation>(
  _: A.Type, _ x: UnsafePointer<A.Element>, _ outer: Int, _ length: Int, _ inner: Int,
  _ y: UnsafeMutablePointer<A.Element.Wide>
) {
  if inner == 1 {
    parallel(outer, grain: max(1, (1 << 15) / max(1, length))) { rows in
      for row in rows { y[row] = foldRow(A.self, x + row * length, length) }
    }
    return
  }
  // Columns in blocks whose accumulators stay in the first-level cache.
  let width = 1024
  let blocks = (inner + width - 1) / width
  parallel(outer * blocks, grain: max(1, (1 << 15) / max(1, length * min(width, inner)))) { items in
    for item in items {
      let start = item % blocks * width
      let count = min(width, inner - start)
      let sums = y + item / blocks * inner + start
      sums.update(repeating: A.start, count: count)
      for line in 0..<length {
        let row = x + (item / blocks * length + line) * inner + start
        for i in 0..<count { sums[i] = A.combine(sums[i], A.lift(row[i])) }
      }
    }
  }
}

/// Folds a row in eight interleaved accumulators, whose order does not depend on anything.
@inline(__always)
func foldRow<A: Accumulation>(
  _: A.Type, _ x: UnsafePointer<A.Element>, _ count: Int
) -> A.Element.Wide {
  var a = A.start, b = A.start, c = A.start, d = A.start
  var e = A.start, f = A.start, g = A.start, h = A.start
  var i = 0
  while i + 8 <= count {
    a = A.combine(a, A.lift(x[i]))
    b = A.combine(b, A.lift(x[i + 1]))
    c = A.combine(c, A.lift(x[i + 2]))
    d = A.combine(d, A.lift(x[i + 3]))
    e = A.combine(e, A.lift(x[i + 4]))
    f = A.combine(f, A.lift(x[i + 5]))
    g = A.combine(g, A.lift(x[i + 6]))
    h = A.combine(h, A.lift(x[i + 7]))
    i += 8
  }
  while i < count {
    a = A.combine(a, A.lift(x[i]))
    i += 1
  }
  let left = A.combine(A.combine(a, e), A.combine(c, g))
  return A.combine(left, A.combine(A.combine(b, f), A.combine(d, h)))
}
