import Reports
import Testing

@Suite("Layered layout") struct LayoutTests {
  /// A graph with skips, made from a seed.
  private func graph(_ seed: Int, nodes: Int) -> (
    sizes: [(width: Double, height: Double)], edges: [(from: Int, to: Int)]
  ) {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    func next(_ bound: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state % UInt64(bound))
    }
    let sizes = (0..<nodes).map { _ in (width: Double(40 + next(160)), height: 26.0) }
    var edges: [(from: Int, to: Int)] = []
    for node in 1..<nodes {
      edges.append((max(0, node - 1 - next(3)), node))
      if next(4) == 0, node > 8 { edges.append((next(node), node)) }
    }
    return (
      sizes,
      edges.reduce(into: []) { list, edge in
        if !list.contains(where: { $0 == edge }) { list.append(edge) }
      }
    )
  }

  @Test(
    "no two boxes overlap, arrows go down, and the same graph gives the same picture",
    arguments: 1...12)
  func boxes(seed: Int) {
    let (sizes, edges) = graph(seed, nodes: 60)
    let layout = LayeredLayout(sizes: sizes, edges: edges)
    for i in sizes.indices {
      for j in 0..<i {
        let gapX =
          abs(layout.nodes[i].x - layout.nodes[j].x) - (sizes[i].width + sizes[j].width) / 2
        let gapY =
          abs(layout.nodes[i].y - layout.nodes[j].y) - (sizes[i].height + sizes[j].height) / 2
        #expect(gapX > -0.01 || gapY > -0.01, "boxes \(j) and \(i)")
      }
    }
    for edge in edges { #expect(layout.nodes[edge.from].y < layout.nodes[edge.to].y) }
    for index in sizes.indices {
      #expect(layout.nodes[index].x - sizes[index].width / 2 >= 0)
      #expect(layout.nodes[index].x + sizes[index].width / 2 <= layout.width)
      #expect(layout.nodes[index].y <= layout.height)
    }
    let again = LayeredLayout(sizes: sizes, edges: edges)
    #expect(again.nodes == layout.nodes)
    #expect(again.edges == layout.edges)
  }

  @Test("a chain is a straight line")
  func chain() {
    let sizes = [(width: 80.0, height: 26.0), (120.0, 26.0), (60.0, 26.0)].map {
      (width: $0.0, height: $0.1)
    }
    let layout = LayeredLayout(sizes: sizes, edges: [(0, 1), (1, 2)])
    #expect(Set(layout.nodes.map { ($0.x * 10).rounded() }).count == 1)
  }

  @Test("boxes that want the same place share the distance")
  func isotonic() {
    let placed = IsotonicPlacement.place([0, 0, 10], widths: [2, 2, 2], weights: [1, 1, 1])
    #expect(placed == [-1, 1, 10])
  }
}
