// Package servicekit is what every netrust process needs around its work: settings, logging, health and an orderly end.
//
// Settings are a struct with yaml tags. [Load] fills it in this order, the later winning: the defaults that it already
// holds, a YAML file, the environment (NETRUST_<SERVICE>_<FIELD>), flags. A key that no field has is an error, and so is
// everything that the struct's Validate methods report: all of it at once, each with its path.
//
// [Main] is a whole process: it loads settings, makes the logger, serves health, ends on SIGINT or SIGTERM, and exits at
// once on a second signal. [RunInOrder] runs parts that depend on each other and stops them in the reverse order.
//
// The package knows neither NATS nor any service. It reads the environment only when a caller hands it over, which only
// mains do.
package servicekit
