// Package observe looks at netrust from outside, as those who operate it do: one job's trace over all processes, and every
// query of the dashboards and alerts against what the processes show, by Prometheus' own engine.
package observe
