package picture_test

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/netrust/netrust/tools/picture"
)

func TestAPictureHoldsTheLinesAsTheyAre(t *testing.T) {
	t.Parallel()
	svg, err := picture.SVG("a <demo>", []string{"$ make demo", "", "a  <b> & \"c\" █"})
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Width int    `xml:"width,attr"`
		Title string `xml:"title"`
		Group struct {
			Texts []struct {
				Line   string `xml:",chardata"`
				Weight string `xml:"font-weight,attr"`
			} `xml:"text"`
		} `xml:"g"`
	}
	if err := xml.NewDecoder(strings.NewReader(svg)).Decode(&read); err != nil {
		t.Fatalf("it is no XML: %v\n%s", err, svg)
	}
	texts := read.Group.Texts
	if len(texts) != 2 || texts[0].Line != "$ make demo" || texts[0].Weight != "bold" || texts[1].Line != "a  <b> & \"c\" █" || texts[1].Weight != "" {
		t.Errorf("got %+v", texts)
	}
	if read.Title != "a <demo>" || read.Width < 14*7 {
		t.Errorf("title %q, width %d", read.Title, read.Width)
	}
}
