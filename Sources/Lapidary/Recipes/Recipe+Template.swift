extension Recipe {
  /// A recipe with every key, commented, that does what `compress` does with calibration data and
  /// `--ratio 0.3`.
  public static let template = """
    # What lapidary compress does: lapidary compress MODEL.onnx -o small.onnx --recipe THIS.yaml
    # Options given beside it win. A stage set to false is left out, true does it with the defaults.
    # Paths are seen from the folder of this file.

    # Changes of the model itself, before all else; lapidary edit --help explains them. A list of such
    # mappings is done one after the other.
    # edit:
    #   repair: false
    #   dim: { batch: 1 }     # or "image:0": N to open an axis
    #   batch: dynamic        # or a number
    #   extract: "image:logits"  # inputs and outputs of a part; outputs, drop-outputs
    #   preprocess: imagenet  # into the model; input-type: uint8; layout: nhwc
    #   rename: { image: pixels }
    #   remove: []            # nodes that go; replace: { Pattern: Operator }; join, connect
    #   strip: [docs, names, metadata, value-info, producer]
    #   constant-inputs: false  # also deduplicate, metadata: { key: value }, ir-version: 10

    fuse:
      target: onnx            # what runs the result: onnx, onnxruntime, tensorrt, openvino
      # only: [fold-constants]  # apply only these rules; lapidary fuse --list shows all
      # skip: []              # leave out these rules
      # growth: 1073741824    # bytes that computed constants may add; else a tenth, or 1 MiB
      # constant-inputs: false  # take constants off the list of inputs
      # inline-functions: false

    # Whole blocks that are added to their own input, before channels go; needs calibration data.
    # drop:
    #   blocks: 2             # so many, or the names of the sums that they end in; or macs: 0.8 (kept)
    #   keep: ["layer1*"]     # names or patterns of nodes whose blocks stay

    # How much: exactly one of ratio (removed from each group), macs, params, bytes (kept of the model).
    prune:
      ratio: 0.3
      # importance: l2        # l1, l2, linf, bn, fpgm, random; with data mean, variance, apoz, wanda, taylor, fisher, obs
      # reduction: mean       # how several weights' numbers become one: mean, sum, max, first
      # normalizer: mean      # what of its group a score is divided by: mean, sum, max, none (for obs)
      # scope: local          # against whom a channel competes: local, global, isomorphic
      # scores: scores.json   # scores of channels instead, as lapidary sensitivity -o writes them
      # attention: auto       # whole heads, or widths of each head
      # cut-reductions: false # let channels go that a reduction goes over
      # round-to: 1           # widths are multiples of this
      # min-channels: 1       # leave at least so many of each group
      # max-ratio: 1.0        # take no more than this of any group
      # ratios: { "layer4*": 0.25 }   # for groups of these names, whatever the target
      # keep: ["head*"]       # names or patterns whose channels stay
      # freeze-overridable: false     # leave weights alone that a caller could override
      # seed: 0               # of the importance random

    recover: true             # fit what is left to the original's outputs; needs calibration data
    factor: true              # with a target of macs: divide layers into two where that loses less

    # Learn what the original computed, step by step; only after pruning.
    tune:
      steps: 1200             # or minutes; nothing said, 1200; 3000 from 1024 samples on, 6000 from 8192
      # minutes: 5
      # loss: [response, feature]     # relation and labels too
      # alter: [mirror, shift, mix]   # how samples are changed before each step; [] for none; labels: [mix]
      # rate: 0.002
      # batch: 64
      # optimizer: adam       # or sgd
      # seed: 0               # of the samples' order
      # quantized: false      # after quantization the integers learn too

    quantize:
      profile: ort-x86
      method: auto            # or minmax, moving-average, percentile, entropy, mse
      # percentile: 0.9999    # the fraction of values that the method percentile keeps
      # rounding: nearest     # or gptq: weights are rounded together, on samples
      # weight-bits: 8        # from 2 to 8, where not all that the profile has
      # full-weights: []      # names or patterns of nodes whose weights keep all bits all the same
      # activation-bits: 8    # or 16, with the profiles qnn and generic
      # bias-correction: true
      # exclude: []           # names or patterns of nodes or operators that stay in float

    # half: float16           # or bfloat16, in place of quantize: floats of 16 bits

    data:
      calibration: calibration.npz    # a file, a folder or random:N
      # evaluate: test.npz            # samples with labels, to measure each stage with

    """
}
