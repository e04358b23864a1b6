import Executor
import IR
import Passes
import TestSupport
import Testing

/// Random networks of everything that moves, mixes and joins channels: whatever is cut, the oracle
/// has to agree, and fusing and quantizing have to keep the networks valid.
@Suite struct RandomNetworkTests {
  /// Grows a network by random layers; every tensor in `pool` is [1, channels, 4, 4].
  private struct Grower {
    var net = Network()
    var random: SplitMix64
    var pool: [(value: ValueID, channels: Int)] = []
    var count = 0

    init(seed: UInt64) {
      random = SplitMix64(seed: seed)
      pool = [(net.input("x", [1, 3, 4, 4]), 3)]
    }

    mutating func name(_ kind: String) -> String {
      count += 1
      return "\(kind)\(count)"
    }

    mutating func pick() -> (value: ValueID, channels: Int) {
      // Late tensors are the likelier ones, so that networks get deep.
      let last = pool.count - 1
      return pool[
        max(Int.random(in: 0...last, using: &random), last - Int.random(in: 0...2, using: &random))]
    }

    mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }

    mutating func layer() {
      let (x, channels) = pick()
      let axis1 = [Attribute("axis", .int(1))]
      switch Int.random(in: 0..<16, using: &random) {
      case 0, 1, 2:
        let width = [1, 2, 4, 6, 8, 12].randomElement(using: &random)!
        pool.append(
          (
            net.conv(name("conv"), x, channels, width, kernel: chance(2) ? 1 : 3, bias: !chance(3)),
            width
          ))
      case 3:
        guard let group = [2, 3, 4].first(where: { channels % $0 == 0 && channels > $0 }) else {
          return
        }
        let width = group * Int.random(in: 1...3, using: &random)
        pool.append((net.conv(name("group"), x, channels, width, group: group), width))
      case 4:
        let factor = Int.random(in: 1...2, using: &random)
        pool.append(
          (
            net.conv(name("depth"), x, channels, factor * channels, kernel: 3, group: channels),
            factor * channels
          ))
      case 5:
        let w = net.trained(name("up.w"), [channels, 4, 1, 1])
        pool.append((net.node("ConvTranspose", name("up"), [x, w]), 4))
      case 6: pool.append((net.batchNormalization(name("bn"), x, channels), channels))
      case 7:
        pool.append(
          (
            net.node(
              ["Relu", "Sigmoid", "HardSwish"].randomElement(using: &random)!, name("act"), [x]),
            channels
          ))
      case 8, 9:
        guard let other = pool.last(where: { $0.channels == channels && $0.value != x }) else {
          return
        }
        let kind = ["Add", "Mul", "Max", "Sub"].randomElement(using: &random)!
        pool.append((net.node(kind, name("join"), [x, other.value]), channels))
      case 10:
        let other = pick()
        pool.append(
          (net.node("Concat", name("concat"), [x, other.value], axis1), channels + other.channels))
      case 11:
        guard channels > 1 else { return }
        let first = Int.random(in: 1..<channels, using: &random)
        let parts = net.nodes(
          "Split", name("split"), [x, net.integers(name("sizes"), [first, channels - first])],
          axis1, outputs: 2)
        pool += [(parts[0], first), (parts[1], channels - first)]
      case 12:
        guard let group = [2, 3, 4].first(where: { channels % $0 == 0 && channels > $0 }) else {
          return
        }
        let split = net.node(
          "Reshape", name("split"),
          [x, net.integers(name("to"), [1, group, channels / group, 4, 4])])
        let turned = net.node(
          "Transpose", name("turn"), [split], [Attribute("perm", .ints([0, 2, 1, 3, 4]))])
        pool.append(
          (
            net.node(
              "Reshape", name("join"), [turned, net.integers(name("to"), [1, channels, 4, 4])]),
            channels
          ))
      case 13:
        let gate = net.node("GlobalAveragePool", name("pool"), [x])
        let small = net.conv(name("reduce"), gate, channels, 4)
        let large = net.conv(name("expand"), net.node("Relu", name("act"), [small]), 4, channels)
        pool.append(
          (
            net.node("Mul", name("scale"), [x, net.node("Sigmoid", name("gate"), [large])]),
            channels
          ))
      case 14:
        guard channels % 4 == 0 else { return }
        let mode = chance(2) ? "DCR" : "CRD"
        let small = net.node(
          "DepthToSpace", name("d2s"), [x],
          [Attribute("blocksize", .int(2)), Attribute("mode", .string(Array(mode.utf8)))])
        let pooled = net.node(
          "AveragePool", name("pool"), [small],
          [Attribute("kernel_shape", .ints([2, 2])), Attribute("strides", .ints([2, 2]))])
        pool.append((pooled, channels / 4))
      default:
        let last = net.node(
          "Transpose", name("nhwc"), [x], [Attribute("perm", .ints([0, 2, 3, 1]))])
        let norm =
          chance(2)
          ? net.node(
            "LayerNormalization", name("norm"), [last, net.trained(name("scale"), [channels])])
          : last
        let w = net.trained(name("mix.w"), [channels, 6], axis: 1)
        let mixed = net.node("MatMul", name("mix"), [norm, w])
        pool.append(
          (
            net.node("Transpose", name("nchw"), [mixed], [Attribute("perm", .ints([0, 3, 1, 2]))]),
            6
          ))
      }
    }

    /// The model with a classifier on the last tensors.
    mutating func model() -> Model {
      for _ in 0..<Int.random(in: 4...14, using: &random) { layer() }
      for (value, channels) in pool.suffix(2) {
        let width = channels * 16
        let flat = net.node("Flatten", name("flat"), [value])
        net.output(net.gemm(name("fc"), flat, width, 3))
      }
      return net.model()
    }
  }

  @Test(arguments: 0..<60)
  func pruning(seed: Int) throws {
    var grower = Grower(seed: UInt64(seed))
    let model = grower.model()
    let ratio = [0.25, 0.5, 0.8, 1][seed % 4]
    var options = PruningOptions(target: .ratio(ratio))
    options.scope = seed % 3 == 0 ? .global : .local
    let result = try Pruner(model, options).prune()
    #expect(try #require(result.difference) < 1e-4)
    #expect(result.after.parameters <= result.before.parameters)
    let plan = try PruningPlan(json: result.plan.json())
    let again = try Pruner(model, options).apply(plan, modelHash: "")
    #expect(again.model.text(tensorLimit: 1 << 16) == result.model.text(tensorLimit: 1 << 16))
  }

  @Test(arguments: 0..<20)
  func fusionAndQuantization(seed: Int) throws {
    var grower = Grower(seed: UInt64(seed))
    var model = grower.model()
    _ = try PassManager(try Simplify.passes(), verification: Verification()).run(&model)
    _ = try quantize(model).model.run()
  }
}
