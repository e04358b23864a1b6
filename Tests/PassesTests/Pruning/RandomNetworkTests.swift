import Execution
import IR
import Passes
import Samples
import TestSupport
import Testing

/// Random networks of everything that moves, mixes and joins channels: whatever is cut, the oracle
/// has to agree, and fusing and quantizing have to keep the networks valid.
@Suite struct RandomNetworkTests {
  /// Grows a network by random layers; every tensor in `pool` is [N, channels, 4, 4].
  private struct Grower {
    var net = Network()
    var random: SplitMix64
    var pool: [(value: ValueID, channels: Int)] = []
    var count = 0
    let batch: Dimension

    init(seed: UInt64) {
      random = SplitMix64(seed: seed)
      batch = seed % 2 == 0 ? 1 : .init(symbol: "N")
      pool = [(net.input("x", [batch, 3, 4, 4]), 3)]
    }

    mutating func name(_ kind: String) -> String {
      count += 1
      return "\(kind)\(count)"
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    mutating func one<T>(of items: [T]) -> T { items[number(0...items.count - 1)] }

    mutating func pick() -> (value: ValueID, channels: Int) {
      // Late tensors are the likelier ones, so that networks get deep.
      let last = pool.count - 1
      return pool[max(number(0...last), last - number(0...2))]
    }

    mutating func integers(_ values: [Int]) -> ValueID { net.integers(name("n"), values) }

    mutating func add(_ type: String, _ inputs: [ValueID?], _ channels: Int, _ list: [Attribute]) {
      pool.append((net.node(type, name(type), inputs, list), channels))
    }

    mutating func layer() {
      let (x, channels) = pick()
      switch number(0...3) {
      case 0: convolve(x, channels)
      case 1: compute(x, channels)
      case 2: move(x, channels)
      default: rearrange(x, channels)
      }
    }

    /// The smallest number of even groups of more than one channel.
    func groups(_ channels: Int) -> Int? {
      [2, 3, 4].first { channels % $0 == 0 && channels > $0 }
    }

    mutating func convolve(_ x: ValueID, _ channels: Int) {
      switch number(0...5) {
      case 0, 1, 2:
        let width = one(of: [1, 2, 4, 6, 8, 12])
        let (kernel, bias) = (one(of: [1, 3]), one(of: [true, true, false]))
        pool.append((net.conv(name("conv"), x, channels, width, kernel: kernel, bias: bias), width))
      case 3:
        guard let group = groups(channels) else { return }
        let width = group * number(1...3)
        pool.append((net.conv(name("group"), x, channels, width, group: group), width))
      case 4:
        let width = channels * number(1...2)
        pool.append(
          (net.conv(name("depth"), x, channels, width, kernel: 3, group: channels), width))
      default:
        let group = one(of: [true, false]) ? groups(channels) ?? 1 : 1
        let w = net.trained(name("up.w"), [channels, 4, 1, 1])
        add("ConvTranspose", [x, w], 4 * group, [Attribute("group", .int(group))])
      }
    }

    mutating func compute(_ x: ValueID, _ channels: Int) {
      switch number(0...7) {
      case 0: pool.append((net.batchNormalization(name("bn"), x, channels), channels))
      case 1: add(one(of: ["Relu", "Sigmoid", "HardSwish"]), [x], channels, [])
      case 2, 3:
        let others = pool.filter { [1, channels].contains($0.channels) && $0.value != x }
        guard !others.isEmpty else { return }
        let kind = one(of: ["Add", "Mul", "Max", "Sub"])
        add(kind, [x, one(of: others).value], channels, [])
      case 4:
        let gate = net.node("GlobalAveragePool", name("pool"), [x])
        let small = net.conv(name("reduce"), gate, channels, 4)
        let large = net.conv(name("expand"), net.node("Relu", name("act"), [small]), 4, channels)
        add("Mul", [x, net.node("Sigmoid", name("gate"), [large])], channels, [])
      case 5:
        let scale = net.trained(name("scale"), [channels])
        add(
          "InstanceNormalization", [x, scale, net.trained(name("bias"), [channels])], channels, [])
      case 6:
        let mean = net.node("ReduceMean", name("mean"), [x], [Attribute("axes", .ints([1]))])
        add("Sub", [x, mean], channels, [])
      default: add("PRelu", [x, net.trained(name("slope"), [channels, 1, 1])], channels, [])
      }
    }

    mutating func move(_ x: ValueID, _ channels: Int) {
      let axis = [Attribute("axis", .int(1))]
      switch number(0...5) {
      case 0, 1:
        let other = pick()
        add("Concat", [x, other.value], channels + other.channels, axis)
      case 2:
        guard channels > 1 else { return }
        let first = number(1...channels - 1)
        let sizes = integers([first, channels - first])
        let parts = net.nodes("Split", name("split"), [x, sizes], axis, outputs: 2)
        pool += [(parts[0], first), (parts[1], channels - first)]
      case 3:
        let start = number(0...channels - 1), step = number(1...2)
        let bounds = [[start], [channels], [1], [step]].map { integers($0) }
        add("Slice", [x] + bounds, (channels - start + step - 1) / step, [])
      case 4:
        let picks = (0..<number(1...5)).map { _ in number(0...channels - 1) }
        add("Gather", [x, integers(picks)], picks.count, axis)
      default:
        let (before, after) = (number(0...2), number(-1...2))
        guard channels + after > 0 else { return }
        let value = net.constant(name("value"), Tensor(floats: [0.5], []))
        let pads = integers([0, before, 0, 0, 0, after, 0, 0])
        add("Pad", [x, pads, value], channels + before + after, [])
      }
    }

    mutating func rearrange(_ x: ValueID, _ channels: Int) {
      switch number(0...4) {
      case 0, 1:
        guard let group = groups(channels) else { return }
        let split = net.node(
          "Reshape", name("split"), [x, integers([0, group, channels / group, 4, 4])])
        let turned = net.node(
          "Transpose", name("turn"), [split], [Attribute("perm", .ints([0, 2, 1, 3, 4]))])
        add("Reshape", [turned, integers([0, channels, 4, 4])], channels, [])
      case 2:
        guard channels % 4 == 0 else { return }
        let small = net.node("DepthToSpace", name("d2s"), [x], blocks)
        let window = [
          Attribute("kernel_shape", .ints([2, 2])), Attribute("strides", .ints([2, 2])),
        ]
        add("AveragePool", [small], channels / 4, window)
      case 3:
        // There and back again in another order is a permutation.
        let small = net.node("SpaceToDepth", name("s2d"), [x], [Attribute("blocksize", .int(2))])
        add("DepthToSpace", [small], channels, blocks)
      default:
        var last = net.node(
          "Transpose", name("nhwc"), [x], [Attribute("perm", .ints([0, 2, 3, 1]))])
        if one(of: [true, false]) {
          let scale = net.trained(name("scale"), [channels])
          last = net.node("LayerNormalization", name("norm"), [last, scale])
        }
        let mixed = net.node(
          "MatMul", name("mix"), [last, net.trained(name("mix.w"), [channels, 6], axis: 1)])
        add("Transpose", [mixed], 6, [Attribute("perm", .ints([0, 3, 1, 2]))])
      }
    }

    var blocks: [Attribute] {
      mutating get {
        let mode = one(of: ["DCR", "CRD"])
        return [Attribute("blocksize", .int(2)), Attribute("mode", .string(Array(mode.utf8)))]
      }
    }

    /// The model with a classifier on the last tensors.
    mutating func model() -> Model {
      for _ in 0..<number(4...14) { layer() }
      for (value, channels) in pool.suffix(2) {
        let width = channels * 16
        let flat = net.node("Flatten", name("flat"), [value])
        net.output(net.gemm(name("fc"), flat, width, 3), [batch, 3])
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
    options.competition = seed % 3 == 0 ? .global : .local
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
