/// Places the nodes of an acyclic graph in layers from top to bottom, after Sugiyama: layers by the
/// longest path, long edges cut by dummies, each layer ordered by the barycentres of its neighbours, and
/// coordinates by isotonic regression towards them. Deterministic; no two boxes overlap.
package struct LayeredLayout {
  /// A place in the picture.
  package struct Point: Hashable {
    package var x: Double
    package var y: Double
  }

  /// The middle of each node.
  package private(set) var nodes: [Point]
  /// The points that each edge goes through, from the bottom of one node to the top of another.
  package private(set) var edges: [[Point]] = []
  /// The size of the picture.
  package private(set) var width = 0.0
  package private(set) var height = 0.0

  private static let gapX = 26.0, gapY = 34.0
  private static let sweeps = 12

  /// - Parameters:
  ///   - sizes: width and height of each node.
  ///   - edges: pairs of nodes, each from an earlier one in some topological order.
  package init(sizes: [(width: Double, height: Double)], edges: [(from: Int, to: Int)]) {
    nodes = Array(repeating: Point(x: 0, y: 0), count: sizes.count)
    guard !sizes.isEmpty else { return }
    var layering = Layering(count: sizes.count, edges: edges)
    layering.order(sweeps: Self.sweeps)
    let middles = Self.middles(layering, sizes)
    var tops: [Double] = []
    var y = Self.gapY / 2
    for layer in layering.layers {
      let tallest = layer.map { $0 < sizes.count ? sizes[$0].height : 0 }.max() ?? 0
      tops.append(y + tallest / 2)
      y += tallest + Self.gapY
    }
    let left =
      zip(middles.indices, middles).map { index, middle in
        middle - (index < sizes.count ? sizes[index].width / 2 : 0)
      }.min() ?? 0
    func point(_ node: Int) -> Point {
      Point(x: middles[node] - left + Self.gapX, y: tops[layering.layerOf[node]])
    }
    for node in sizes.indices { nodes[node] = point(node) }
    self.edges = layering.paths.map { path in
      path.enumerated().map { place, node in
        var found = point(node)
        if place == 0 { found.y += sizes[node].height / 2 }
        if place == path.count - 1 { found.y -= sizes[node].height / 2 }
        return found
      }
    }
    height = y
    width =
      (sizes.indices.map { nodes[$0].x + sizes[$0].width / 2 } + self.edges.joined().map(\.x)).max()
      .map { $0 + Self.gapX } ?? 0
  }

  /// Middles along x of nodes and dummies.
  private static func middles(
    _ layering: Layering, _ sizes: [(width: Double, height: Double)]
  ) -> [Double] {
    func width(_ node: Int) -> Double { (node < sizes.count ? sizes[node].width : 4) + gapX }
    var middles = [Double](repeating: 0, count: layering.layerOf.count)
    for layer in layering.layers {
      let widths = layer.map(width)
      let total = widths.reduce(0, +)
      var x = -total / 2
      for (node, width) in zip(layer, widths) {
        middles[node] = x + width / 2
        x += width
      }
    }
    for sweep in 0..<sweeps {
      let isDown = sweep % 2 == 0
      let order = isDown ? Array(layering.layers.indices) : layering.layers.indices.reversed()
      for index in order {
        let layer = layering.layers[index]
        let wanted = layer.map { node -> Double in
          let ends = isDown ? layering.above[node] : layering.below[node]
          guard !ends.isEmpty else { return middles[node] }
          return ends.reduce(0) { $0 + middles[$1] } / Double(ends.count)
        }
        let placed = IsotonicPlacement.place(
          wanted, widths: layer.map(width),
          // Dummies insist, so that long edges are straight.
          weights: layer.map { node in
            let ends = isDown ? layering.above[node] : layering.below[node]
            return (node < sizes.count ? 1.0 : 6.0) * (ends.isEmpty ? 0.1 : 1)
          })
        for (node, x) in zip(layer, placed) { middles[node] = x }
      }
    }
    return middles
  }
}
