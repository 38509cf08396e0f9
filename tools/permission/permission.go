// Package permission derives from schemas/asyncapi.yaml what each service may do on the NATS server: the subjects that it may
// publish to and subscribe to, and the streams that it uses. The server enforces it, the embedded one by the Go table
// (libs/bus/permissions_gen.go), another by deploy/nats/authorization.conf.
//
// What is granted follows from JetStream's own subjects: whoever sends to a channel may publish to its subjects; whoever
// receives may make consumers on the channel's stream and read it. Writing is thus bound to single subjects, and reading to
// whole streams and buckets: a consumer's filter is in the payload, where the server's permissions do not look.
package permission

import (
	"slices"
	"strings"

	"github.com/netrust/netrust/schemas/asyncapi"
)

//go:generate go run ../cmd/permission -go ../../libs/bus/permissions_gen.go -conf ../../deploy/nats/authorization.conf

// User is what one service may do.
type User struct {
	Service string
	// Publish and Subscribe are subjects, with wildcards, sorted; what is not among them is refused.
	Publish, Subscribe []string
	// Streams are those that the service uses, sorted.
	Streams []string
}

// Of derives the users of the channels, sorted by service.
func Of(channels []asyncapi.Channel) []User {
	byService := map[string]*User{}
	user := func(service string) *User {
		u := byService[service]
		if u == nil {
			u = &User{
				Service:   service,
				Publish:   []string{"$JS.API.INFO", "$JS.API.STREAM.INFO.*"}, // whether JetStream answers, and how full streams are
				Subscribe: []string{"_INBOX." + service + ".>", "netrust.nats.state"},
			}
			byService[service] = u
		}
		return u
	}
	for _, c := range channels {
		stream := streamOf(c)
		for _, service := range c.MadeBy {
			u := user(service)
			u.Publish = append(u.Publish, "$JS.API.STREAM.CREATE."+stream)
		}
		for _, op := range c.Operations {
			u := user(op.Service)
			u.Streams = append(u.Streams, stream)
			u.Publish = append(u.Publish, granted(c, op, stream)...)
		}
	}
	var users []User
	for _, u := range byService {
		u.Publish, u.Subscribe, u.Streams = unique(u.Publish), unique(u.Subscribe), unique(u.Streams)
		users = append(users, *u)
	}
	slices.SortFunc(users, func(a, b User) int { return strings.Compare(a.Service, b.Service) })
	return users
}

// granted are the subjects that an operation publishes to: its own, and those of JetStream's API that it needs on the stream.
func granted(c asyncapi.Channel, op asyncapi.Operation, stream string) []string {
	var list []string
	name, objects := strings.CutPrefix(c.Home, "objects ")
	switch {
	case op.Send && objects:
		// Chunks, and the object's name, which is read first: an object is stored once.
		list = append(list, "$O."+name+".C.*", "$O."+name+".M.*", "$JS.API.DIRECT.GET."+stream+".$O."+name+".M.*")
	case op.Send:
		list = append(list, pattern(c))
	default:
		list = append(list,
			"$JS.API.CONSUMER.CREATE."+stream+".>", "$JS.API.CONSUMER.INFO."+stream+".*", "$JS.API.CONSUMER.DELETE."+stream+".*",
			"$JS.API.CONSUMER.MSG.NEXT."+stream+".*", "$JS.API.DIRECT.GET."+stream, "$JS.API.DIRECT.GET."+stream+".>")
		if objects {
			list = append(list, "$JS.FC."+stream+".>") // objects are pushed in chunks, and the flow is controlled
		}
	}
	if op.Acks {
		list = append(list, "$JS.ACK."+stream+".>")
	}
	if op.Purges {
		list = append(list, "$JS.API.STREAM.PURGE."+stream)
	}
	return list
}

// streamOf is the stream behind a channel's home, by NATS' own convention for buckets and objects.
func streamOf(c asyncapi.Channel) string {
	kind, name, _ := strings.Cut(c.Home, " ")
	switch kind {
	case "bucket":
		return "KV_" + name
	case "objects":
		return "OBJ_" + name
	}
	return name
}

// pattern is a channel's address with a wildcard for each parameter.
func pattern(c asyncapi.Channel) string {
	tokens := strings.Split(c.Address, ".")
	for i, token := range tokens {
		if strings.HasPrefix(token, "{") {
			tokens[i] = "*"
		}
	}
	return strings.Join(tokens, ".")
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}
