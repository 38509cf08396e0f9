// Package inventory reads inventory files, compares inventories, and chooses devices from them.
//
// [Parse] reads a file and reports all of its faults with their lines. [Diff] says what an import would change. [Set] follows an
// inventory that changes, and answers which devices a selector names, within milliseconds at 100,000 devices.
//
// It promises answers in the order of device ids, the same for the same inventory, whoever computes them; gateway and
// scheduler rely on it. It does no I/O. What it leaves to the caller: to store devices, and never to change a
// [contract.Device] that it gave to a Set or got from one, since all share it.
package inventory
