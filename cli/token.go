package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/netrust/netrust/cli/internal/client"
	"github.com/netrust/netrust/cli/internal/render"
	"github.com/netrust/netrust/libs/contract"
	"github.com/netrust/netrust/libs/contract/api"
)

func (a *app) tokenCommand() *cobra.Command {
	return group("token", "Make, list and remove API tokens",
		"  netrust token create nightly --role operator --expires 720h > nightly.token\n  netrust token list\n  netrust token rm nightly",
		a.tokenCreate(), a.tokenList(), a.tokenRemove())
}

func (a *app) tokenCreate() *cobra.Command {
	var role string
	var expires time.Duration
	cmd := &cobra.Command{
		Use: "create NAME", Short: "Make a token; its secret is printed once",
		Long:    "The secret goes to standard output, so that it can be sent to a file; it is kept nowhere and cannot be shown again.",
		Example: "  (umask 077; netrust token create nightly --role operator --expires 720h > nightly.token)",
		Args:    Arguments(1, 1, "a name: the principal that the token's requests act as"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if expires < 0 {
				return misusedIn(cmd, "--expires %s lies in the past: write a duration such as 720h", expires)
			}
			return a.withClient(func(c *client.Client) error {
				t, err := c.CreateToken(cmd.Context(), api.TokenRequest{Name: args[0], Role: contract.Role(role), ExpiresInMS: expires.Milliseconds()})
				if err != nil {
					return err
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), t)
				}
				a.tell("Token %q with role %s, shown this once:", t.Name, t.Role)
				_, err = fmt.Fprintln(a.Stdout, t.Secret)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&role, "role", string(contract.RoleViewer), "viewer, operator, approver or admin")
	cmd.Flags().DurationVar(&expires, "expires", 0, "worthless after this time, such as 720h (default: never)")
	return cmd
}

func (a *app) tokenList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Aliases: []string{"ls"}, Short: "List tokens, without their secrets",
		Args: Arguments(0, 0, "no arguments"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withClient(func(c *client.Client) error {
				list, err := c.Tokens(cmd.Context())
				if err != nil {
					return err
				}
				if a.format() != render.FormatTable {
					return render.Encode(a.Stdout, a.format(), list)
				}
				t := render.Table{Header: []string{"NAME", "ROLE", "CREATED", "EXPIRES"}, Width: a.Width()}
				for _, token := range list.Tokens {
					t.Rows = append(t.Rows, []string{token.Name, string(token.Role), stamp(token.CreatedAt), firstOf(stamp(token.ExpiresAt), "never")})
				}
				return t.Write(a.Stdout)
			})
		},
	}
}

func (a *app) tokenRemove() *cobra.Command {
	return &cobra.Command{
		Use: "rm NAME", Aliases: []string{"remove", "delete"}, Short: "Make a token worthless",
		Args: Arguments(1, 1, "a token's name"), ValidArgsFunction: a.completeFirst(a.completeTokens),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withClient(func(c *client.Client) error {
				if err := c.DeleteToken(cmd.Context(), args[0]); err != nil {
					return err
				}
				a.tell("Token %q is worthless now.", args[0])
				return nil
			})
		},
	}
}
