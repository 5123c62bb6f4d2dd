package scenario

import (
	"fmt"
	"io"
	"io/fs"
	"strings"
	"unicode/utf8"

	yaml "go.yaml.in/yaml/v4"
)

// A textHolder is a Spec that holds the text of a file which it names, such as a
// script: the key of the name, the name, and the text.
type textHolder interface {
	TextFile() (key string, name, text *string)
}

// textFile reads the file that a Spec names, so that what was decoded, and what
// is written of it, needs no file. Where the text is there, as in what was
// written, the name only says where it came from.
func (d *decoder) textFile(n *yaml.Node, spec any, path string) {
	h, ok := spec.(textHolder)
	if !ok {
		return
	}
	key, file, text := h.TextFile()
	if *file == "" || *text != "" {
		return
	}
	at := child(n, key)
	if d.files == nil {
		d.fault(at, join(path, key), "cannot be read: the scenario comes from no folder", "the text itself")
		return
	}
	name := d.beside(*file)
	content, read := d.texts[name]
	if !read {
		var err error
		if content, err = readText(d.files, name); err != nil {
			d.fault(at, join(path, key), "cannot be read: "+err.Error(), "the path of a text file, from the scenario's folder")
			return
		}
		d.texts[name] = content
	}
	*text = content
}

func readText(files fs.FS, name string) (string, error) {
	f, err := files.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxScalar+1))
	switch {
	case err != nil:
		return "", err
	case len(text) > maxScalar:
		return "", fmt.Errorf("%s is larger than 64 KiB", name)
	case !utf8.Valid(text):
		return "", fmt.Errorf("%s is not UTF-8", name)
	case len(text) == 0:
		return "", fmt.Errorf("%s is empty", name)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}
