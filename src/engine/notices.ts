/** What TensorFlow says at each start, whatever its log level, about itself and not about the models. */
export const NOTICE = /^(?:I\d{4} |WARNING: All log messages before absl::InitializeLog\(\))/
