import Execution
import IR
import Samples
import TestSupport

/// Layers that move elements.
extension RandomGraphs {
  mutating func transpose(_ x: Item) {
    let order = Array(x.shape.indices).shuffled(using: &random)
    var moved = add(
      "Transpose", [x.value], order.map { x.shape[$0] }, [Attribute("perm", .ints(order))])
    if chance(60) {
      for _ in 0..<number(0...2) { unary(pool.last!) }
      moved = pool.last!.value
      var inverse = order
      for (place, axis) in order.enumerated() { inverse[axis] = place }
      add("Transpose", [moved], x.shape, [Attribute("perm", .ints(inverse))])
    }
  }

  mutating func reshape(_ x: Item) {
    let total = x.shape.reduce(1, *)
    switch number(0...3) {
    case 0:
      let axis = number(0...x.shape.count)
      let shape = [x.shape[..<axis].reduce(1, *), x.shape[axis...].reduce(1, *)]
      add("Flatten", [x.value], shape, [Attribute("axis", .int(axis))])
    case 1:
      let first = one(of: (1...total).filter { total % $0 == 0 })
      add("Reshape", [x.value, integers([first, -1])], [first, total / first])
    case 2:
      guard x.shape.count < 5 else { return }
      let axis = number(0...x.shape.count)
      var shape = x.shape
      shape.insert(1, at: axis)
      axes("Unsqueeze", x, [axis], shape)
    default:
      let places = x.shape.indices.filter { x.shape[$0] == 1 }
      guard let axis = places.first, x.shape.count > 1 else { return }
      var shape = x.shape
      shape.remove(at: axis)
      axes("Squeeze", x, [axis], shape)
    }
  }

  mutating func axes(_ kind: String, _ x: Item, _ axes: [Int], _ shape: [Int]) {
    if opset >= 13 {
      add(kind, [x.value, integers(axes)], shape)
    } else {
      add(kind, [x.value], shape, [Attribute("axes", .ints(axes))])
    }
  }

  mutating func pieces(_ x: Item) {
    let axis = number(0...x.shape.count - 1)
    let length = x.shape[axis]
    func resized(_ length: Int) -> [Int] {
      var shape = x.shape
      shape[axis] = length
      return shape
    }
    switch number(0...3) {
    case 0:
      let others = pool.filter { item in
        item.shape.count == x.shape.count
          && item.shape.indices.allSatisfy { $0 == axis || item.shape[$0] == x.shape[$0] }
      }
      let other = one(of: others)
      guard length + other.shape[axis] < 24 else { return }
      add(
        "Concat", [x.value, other.value], resized(length + other.shape[axis]),
        [Attribute("axis", .int(axis - (chance(50) ? x.shape.count : 0)))])
    case 1:
      guard length > 1, opset >= 13 else { return }
      let first = number(1...length - 1)
      let parts = net.nodes(
        "Split", name("split"), [x.value, integers([first, length - first])],
        [Attribute("axis", .int(axis))], outputs: 2)
      pool.append(Item(value: parts[0], shape: resized(first)))
      pool.append(Item(value: parts[1], shape: resized(length - first)))
      if chance(50) { add("Concat", parts, x.shape, [Attribute("axis", .int(axis))]) }
    case 2:
      guard length > 1 else { return }
      let place = number(1...length - 1)
      for (start, end) in [(0, place), (place, chance(70) ? length : length - 1)] where start < end
      {
        add(
          "Slice", [x.value] + [[start], [end], [axis]].map { integers($0) }, resized(end - start))
      }
    default:
      let picks = (0..<number(1...3)).map { _ in number(0...length - 1) }
      add(
        "Gather", [x.value, integers(picks)], resized(picks.count), [Attribute("axis", .int(axis))])
    }
  }
}
