internal import IR
internal import Operators

extension Coupling {
  /// Ties the heads of an attention operator together, or the elements of its heads.
  mutating func couple(_ id: NodeID, _ channels: AttentionChannels, _ label: String) {
    let places = channels.places
    for case .apart(let heads, _) in places.ofQueries + places.ofKeys {
      if let slots = slots(id, heads) { parallel.append(slots) }
    }
    let isApart = (places.ofQueries + places.ofKeys).allSatisfy { $0.isApart }
    // Where heads and elements have axes of their own, both can go.
    let takesHeads = isApart || wantsHeads(channels)
    let takesElements = isApart || !takesHeads
    if takesHeads {
      coupleHeads(id, channels, label)
    } else {
      let reason = "\(label): the same elements go of every head"
      for case .apart(let heads, _) in places.ofQueries + places.ofKeys {
        if let slots = slots(id, heads) { freeze(slots, reason) }
      }
    }
    if takesElements, channels.wholeHeadsOnly == nil {
      coupleElements(id, channels.queries, channels.queryHeads, channels.keys, channels.keyHeads)
      coupleElements(id, channels.outputs, channels.queryHeads, channels.values, channels.keyHeads)
    } else {
      let why = channels.wholeHeadsOnly.map { "\(label): \($0)" } ?? "\(label): whole heads go"
      for case .apart(_, let elements?) in places.ofQueries + places.ofKeys {
        if let slots = slots(id, elements) { freeze(slots, why) }
      }
    }
  }

  private func wantsHeads(_ channels: AttentionChannels) -> Bool {
    if channels.wholeHeadsOnly != nil { return true }
    switch attention {
    case .heads: return true
    case .widths: return false
    case .auto: return channels.keyHeads > 1
    }
  }

  private mutating func coupleHeads(
    _ id: NodeID, _ channels: AttentionChannels, _ label: String
  ) {
    let (ofQueries, ofKeys) = channels.places
    let shared = max(1, channels.queryHeads / max(1, channels.keyHeads))
    // One head of keys for all: heads of queries go one by one, and that of the keys stays.
    let isSingle = channels.keyHeads == 1 && shared > 1
    var anchors: [Int: Int] = [:]
    for place in ofQueries {
      for head in 0..<channels.queryHeads {
        let number = isSingle ? head : head / shared
        for slot in slots(id, place, head: head, of: channels.queryHeads) {
          join(slot, number, &anchors)
        }
      }
    }
    for place in ofKeys {
      for head in 0..<channels.keyHeads {
        for slot in slots(id, place, head: head, of: channels.keyHeads) {
          if isSingle {
            freeze(slot, "\(label): all heads of queries share it")
          } else {
            join(slot, head, &anchors)
          }
        }
      }
    }
  }

  /// The slots of one head.
  private func slots(
    _ id: NodeID, _ place: AttentionChannels.Place, head: Int, of count: Int
  ) -> [Int] {
    switch place {
    case .beside(let axis, let start, let width):
      guard let slots = slots(id, axis), start + count * width <= slots.count else { return [] }
      let first = slots.lowerBound + start + head * width
      return Array(first..<first + width)
    case .apart(let heads, _):
      guard let slots = slots(id, heads), slots.count == count else { return [] }
      return [slots.lowerBound + head]
    }
  }

  /// Unites element i of every head of all the operands.
  private mutating func coupleElements(
    _ id: NodeID, _ ofQueries: [AttentionChannels.Place], _ queryHeads: Int,
    _ ofKeys: [AttentionChannels.Place], _ keyHeads: Int
  ) {
    var anchors: [Int: Int] = [:]
    for (places, count) in [(ofQueries, queryHeads), (ofKeys, keyHeads)] {
      for place in places {
        switch place {
        case .beside(let axis, let start, let width):
          guard let slots = slots(id, axis), start + count * width <= slots.count else { continue }
          for offset in 0..<count * width {
            join(slots.lowerBound + start + offset, offset % width, &anchors)
          }
        case .apart(_, let elements):
          guard let slots = elements.flatMap({ slots(id, $0) }) else { continue }
          for (offset, slot) in slots.enumerated() { join(slot, offset, &anchors) }
        }
      }
    }
  }

  private mutating func join(_ slot: Int, _ number: Int, _ anchors: inout [Int: Int]) {
    if let anchor = anchors[number] { unite(anchor, slot) } else { anchors[number] = slot }
  }
}

extension AttentionChannels.Place {
  fileprivate var isApart: Bool { if case .apart = self { true } else { false } }
}
