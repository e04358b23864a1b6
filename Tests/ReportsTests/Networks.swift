import IR
import TestSupport

extension Network {
  mutating func conv(_ name: String, _ x: ValueID, channels: Int, seed: Int) -> ValueID {
    let w = weight(name + ".w", [channels, channels, 3, 3], seed: seed)
    let b = weight(name + ".b", [channels], seed: seed + 1)
    return node("Conv", name, [x, w, b], [Attribute("pads", .ints([1, 1, 1, 1]))])
  }

  /// Two convolutions around a skip connection: `relu(conv2(relu(conv1(x))) + x)`.
  static func residual(
    prefix: String = "", _ configure: (inout Network) -> Void = { _ in }
  ) -> Model {
    var net = Network(prefix: prefix)
    configure(&net)
    let x = net.input("x", [.init(symbol: prefix + "N"), 4, 8, 8])
    let a = net.node("Relu", "relu1", [net.conv("conv1", x, channels: 4, seed: 1)])
    let b = net.conv("conv2", a, channels: 4, seed: 2)
    let y = net.node("Relu", "relu2", [net.node("Add", "add", [b, x])])
    net.output(y, [.init(symbol: prefix + "N"), 4, 8, 8])
    return net.model()
  }

  /// Branches that are alike down to their weights, joined by Concat; `order` is the order in which
  /// their nodes come.
  static func twins(
    prefix: String = "", order: [Int] = [0, 1, 2], _ configure: (inout Network) -> Void = { _ in }
  ) -> Model {
    var net = Network(prefix: prefix)
    configure(&net)
    let x = net.input("x", [1, 2, 4, 4])
    var ends: [Int: ValueID] = [:]
    for branch in order {
      let a = net.conv("branch\(branch).conv1", x, channels: 2, seed: 5)
      let b = net.node("Relu", "branch\(branch).relu", [a])
      ends[branch] = net.conv("branch\(branch).conv2", b, channels: 2, seed: 6)
    }
    let y = net.node(
      "Concat", "join", (0..<order.count).map { ends[$0] }, [Attribute("axis", .int(1))])
    net.output(y, [1, .known(2 * order.count), 4, 4])
    return net.model()
  }
}
