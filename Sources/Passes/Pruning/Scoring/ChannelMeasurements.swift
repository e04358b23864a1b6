/// What was measured of channels on calibration data, for importances that want it.
struct ChannelMeasurements: Sendable {
  var activations: ActivationStatistics?
  var gradients: GradientStatistics?
  var removals: RemovalScores?
}
