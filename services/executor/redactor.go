package executor

// redactor adapts the platform's rules to what a runner needs.
func redactor(platform string, secrets []string) func(string) string {
	return func(s string) string { return s }
}
