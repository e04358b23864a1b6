import IR

/// Layers of families of which each has few operators.
extension RandomModel {
  static let families: [Layer] = [
    { $0.resizing($1) }, { $0.blocks($1) }, { $0.repetition($1) }, { $0.parts($1) },
    { $0.elementsByIndex($1) }, { $0.rowsByIndex($1) }, { $0.equation($1) },
    { $0.groupedNormalization($1) }, { $0.attention($1) }, { $0.conversion($1) },
    { $0.integerProduct($1) }, { $0.quantizedProduct($1) }, { $0.sampling($1) },
    { $0.choice($1) }, { $0.transform($1) },
  ]

  private func text(_ word: String) -> AttributeValue { .string(Array(word.utf8)) }

  private mutating func resizing(_ x: Item) {
    guard x.isFloat, (3...4).contains(x.rank), !x.shape.contains(0) else { return }
    let mode = one(of: ["nearest", "linear"])
    let rule = one(of: ["asymmetric", "half_pixel", "align_corners", "pytorch_half_pixel"])
    var scales: [Float] = [1, 1]
    for _ in 2..<x.rank { scales.append(one(of: [0.5, 1, 2, 3])) }
    // Where a length becomes 0 there is nothing to compute.
    guard zip(x.shape, scales).allSatisfy({ Float($0) * $1 >= 1 }) else { return }
    add(
      "Resize", [x.value, nil, constant(Tensor(floats: scales, [x.rank]))],
      [
        Attribute("mode", text(mode)),
        Attribute("coordinate_transformation_mode", text(rule)),
        Attribute("nearest_mode", text(one(of: ["floor", "round_prefer_floor", "ceil"]))),
      ], isExact: mode == "nearest" && x.isExact)
  }

  private mutating func blocks(_ x: Item) {
    guard x.isFloat, x.rank == 4 else { return }
    if x.shape[1] % 4 == 0, x.shape[1] > 0, chance(60) {
      add(
        "DepthToSpace", [x.value],
        [Attribute("blocksize", .int(2)), Attribute("mode", text(one(of: ["DCR", "CRD"])))],
        isExact: x.isExact)
    } else if x.shape[2] % 2 == 0, x.shape[3] % 2 == 0 {
      add("SpaceToDepth", [x.value], [Attribute("blocksize", .int(2))], isExact: x.isExact)
    }
  }

  private mutating func repetition(_ x: Item) {
    guard x.rank > 0 else { return }
    if x.rank > 1, chance(30) {
      add(
        "Trilu", [x.value, constant(Tensor(int64: [number(-1...1)], []))],
        [Attribute("upper", .int(number(0...1)))], isExact: x.isExact)
    } else {
      add("Tile", [x.value, integers(x.shape.map { _ in number(1...2) })], isExact: x.isExact)
    }
  }

  private mutating func parts(_ x: Item) {
    guard x.rank > 0 else { return }
    let axis = number(0...x.rank - 1), length = x.shape[axis]
    guard length > 1 else { return }
    let first = number(1...length - 1)
    add(
      "Split", [x.value, integers([first, length - first])], [Attribute("axis", .int(axis))],
      outputs: 2, isExact: x.isExact)
  }

  private mutating func elementsByIndex(_ x: Item) {
    guard x.isFloat, x.rank > 0, !x.shape.contains(0) else { return }
    let axis = number(0...x.rank - 1), length = x.shape[axis]
    let shape = x.shape.map { number(1...$0) }
    // No element is written twice, whose order would be open.
    let row = Array((0..<length).shuffled(using: &random).prefix(shape[axis]))
    let inner = shape[(axis + 1)...].reduce(1, *)
    let places = (0..<shape.reduce(1, *)).map { row[$0 / inner % shape[axis]] }
    let indices = constant(Tensor(int64: places, shape))
    if chance(50) {
      add(
        "GatherElements", [x.value, indices], [Attribute("axis", .int(axis))], isExact: x.isExact)
    } else {
      add(
        "ScatterElements", [x.value, indices, constant(shape, extreme: true)],
        [Attribute("axis", .int(axis)), Attribute("reduction", text(one(of: ["none", "add"])))],
        isExact: false)
    }
  }

  private mutating func rowsByIndex(_ x: Item) {
    guard x.isFloat, x.rank > 0, !x.shape.contains(0) else { return }
    let depth = number(1...x.rank), count = number(1...2)
    var places: [Int] = []
    for row in 0..<count {
      for axis in 0..<depth {
        // Rows differ in their first index where they can.
        places.append(axis == 0 ? min(row, x.shape[0] - 1) : number(0...x.shape[axis] - 1))
      }
    }
    let indices = constant(Tensor(int64: places, [count, depth]))
    if chance(50) {
      add("GatherND", [x.value, indices], isExact: x.isExact)
    } else if x.shape[0] >= count {
      let updates = constant([count] + x.shape[depth...], extreme: true)
      add("ScatterND", [x.value, indices, updates], isExact: x.isExact)
    }
  }

  private mutating func equation(_ x: Item) {
    guard x.isFloat, (2...3).contains(x.rank) else { return }
    let columns = number(1...5)
    let (equation, shape) =
      x.rank == 2
      ? one(of: [
        ("ij,jk->ik", [x.shape[1], columns]), ("ij,kj->ki", [columns, x.shape[1]]),
        ("ij,ij->i", x.shape), ("ij,i->j", [x.shape[0]]),
      ])
      : one(of: [
        ("bij,jk->bik", [x.shape[2], columns]),
        ("bij,bkj->bik", [x.shape[0], columns, x.shape[2]]),
        ("bij,bjk->kbi", [x.shape[0], x.shape[2], columns]),
      ])
    add(
      "Einsum", [x.value, constant(shape)], [Attribute("equation", text(equation))], isExact: false)
  }

  private mutating func groupedNormalization(_ x: Item) {
    guard x.isFloat, x.rank >= 2, !x.shape.contains(0) else { return }
    switch number(0...3) {
    case 0 where x.rank >= 3:
      let channels = x.shape[1]
      let groups = one(of: (1...channels).filter { channels % $0 == 0 })
      add(
        "GroupNormalization", [x.value, constant([channels]), constant([channels])],
        [Attribute("num_groups", .int(groups))], isExact: false)
    case 1:
      let axis = number(0...x.rank - 1)
      add(
        "RMSNormalization", [x.value, constant(Array(x.shape[axis...]))],
        [Attribute("axis", .int(axis))], isExact: false)
    case 2:
      add(
        "LpNormalization", [x.value],
        [Attribute("axis", .int(number(0...x.rank - 1))), Attribute("p", .int(number(1...2)))],
        isExact: false)
    default:
      add(
        "MeanVarianceNormalization", [x.value],
        [Attribute("axes", .ints(Array(0..<x.rank).filter { $0 != 1 }))], isExact: false)
    }
  }

  private mutating func attention(_ x: Item) {
    guard x.isFloat, x.rank == 4, !x.shape.contains(0) else { return }
    var shape = x.shape
    shape[2] = number(1...5)
    let keys = constant(shape), values = constant(shape)
    let mask =
      chance(50)
      ? [
        constant(
          Tensor(
            .bool, [x.shape[2], shape[2]],
            Storage(
              (0..<x.shape[2] * shape[2]).map {
                $0 % shape[2] == 0 ? UInt8(1) : UInt8(number(0...1))
              })))
      ]
      : []
    add("Attention", [x.value, keys, values] + mask, isExact: false)
  }

  private mutating func conversion(_ x: Item) {
    guard x.isFloat else { return }
    let wide = one(of: [ElementType.double, .float16, .bfloat16, .int32, .int64, .bool])
    // What becomes of numbers that an integer has no room for is open.
    guard !isExtreme && x.isExact || wide == .double else { return }
    guard
      let there = add(
        "Cast", [x.value], [Attribute("to", .int(Int(wide.rawValue)))], isExact: x.isExact)
    else { return }
    add(
      "Cast", [there.value], [Attribute("to", .int(Int(ElementType.float.rawValue)))],
      isExact: x.isExact)
  }

  private mutating func bytes(_ shape: [Int], _ type: ElementType) -> ValueID {
    constant(
      Tensor(
        type, shape,
        Storage((0..<shape.reduce(1, *)).map { _ in UInt8(truncatingIfNeeded: number(0...255)) })))
  }

  private mutating func quantized(_ x: Item) -> Item? {
    guard x.isFloat, x.isExact, !isExtreme else { return nil }
    let zero = constant(Tensor(.uint8, [], Storage([UInt8(number(90...160))])))
    return add(
      "QuantizeLinear", [x.value, constant(Tensor(floats: [0.0625], [])), zero], isExact: true)
  }

  private mutating func integerProduct(_ x: Item) {
    guard x.rank >= 2, let q = quantized(x) else { return }
    let zero = constant(Tensor(.uint8, [], Storage([UInt8(number(0...255))])))
    if x.rank == 4, x.shape[1] > 0, chance(50) {
      add(
        "ConvInteger", [q.value, bytes([number(1...4), x.shape[1], 1, 2], .uint8), zero],
        isExact: true)
    } else {
      add("MatMulInteger", [q.value, bytes([x.shape[x.rank - 1], 5], .int8), zero], isExact: true)
    }
  }

  private mutating func quantizedProduct(_ x: Item) {
    guard x.rank >= 2, let q = quantized(x) else { return }
    func scale(_ value: Float) -> ValueID { constant(Tensor(floats: [value], [])) }
    func zero(_ type: ElementType, _ value: UInt8) -> ValueID {
      constant(Tensor(type, [], Storage([value])))
    }
    if x.rank == 4, x.shape[1] > 0, chance(50) {
      add(
        "QLinearConv",
        [
          q.value, scale(0.0625), zero(.uint8, 120), bytes([3, x.shape[1], 2, 1], .int8),
          scale(0.0078125), zero(.int8, 0), scale(0.125), zero(.uint8, 131),
        ], isExact: true)
    } else {
      add(
        "QLinearMatMul",
        [
          q.value, scale(0.0625), zero(.uint8, 120), bytes([x.shape[x.rank - 1], 5], .int8),
          scale(0.0078125), zero(.int8, 0), scale(0.125), zero(.uint8, 131),
        ], isExact: true)
    }
  }

  private mutating func sampling(_ x: Item) {
    guard x.isFloat, x.rank == 4, !x.shape.contains(0), !isExtreme else { return }
    let grid = constant([x.shape[0], number(1...4), number(1...4), 2])
    add(
      "GridSample", [x.value, grid],
      [
        Attribute("mode", text("linear")),
        Attribute("padding_mode", text(one(of: ["zeros", "border"]))),
        Attribute("align_corners", .int(number(0...1))),
      ], isExact: false)
  }

  private mutating func choice(_ x: Item) {
    guard x.rank > 0 else { return }
    if x.isExact, x.isFloat, chance(40) {
      add("Hardmax", [x.value], [Attribute("axis", .int(-1))], isExact: true)
    } else {
      let axis = number(0...x.rank - 1)
      let mask = (0..<x.shape[axis]).map { _ in UInt8(number(0...1)) }
      add(
        "Compress", [x.value, constant(Tensor(.bool, [mask.count], Storage(mask)))],
        [Attribute("axis", .int(axis))], isExact: x.isExact)
    }
  }

  private mutating func transform(_ x: Item) {
    guard x.isFloat, (2...4).contains(x.rank), !x.shape.contains(0) else { return }
    switch number(0...2) {
    case 0 where x.rank == 4 && !isExtreme:
      add(
        "LpPool", [x.value], [Attribute("kernel_shape", .ints([1, min(2, x.shape[3])]))],
        isExact: false)
    case 1 where x.rank >= 3 && !isExtreme:
      add("Unsqueeze", [x.value, integers([x.rank])], isExact: x.isExact)
      guard let real = other(where: { $0.isFloat && $0.rank == x.rank + 1 && $0.shape.last == 1 })
      else { return }
      add("DFT", [real.value, nil, constant(Tensor(int64: [1], []))], isExact: false)
    default:
      guard x.isExact, !isExtreme else { return }
      add("Det", [x.value], isExact: false)
    }
  }
}
