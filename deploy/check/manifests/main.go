// SPDX-License-Identifier: Apache-2.0

// Reads manifests from standard input as an API server that is strict about fields would: one that is unknown, given
// twice or of the wrong type is an error. Prints what it read, `kind/name` a line, and which kinds it does not know.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/kubernetes/scheme"
)

func main() {
	decoder := serializer.NewCodecFactory(scheme.Scheme, serializer.EnableStrict).UniversalDeserializer()
	documents := yaml.NewYAMLReader(bufio.NewReader(os.Stdin))
	failed := false
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		object, kind, err := decoder.Decode(document, nil, nil)
		switch {
		case runtime.IsMissingKind(err):
			// A piece that holds nothing but comments.
		case runtime.IsNotRegisteredError(err):
			fmt.Printf("not checked: %v\n", err)
		case err != nil:
			failed = true
			fmt.Fprintln(os.Stderr, err)
		default:
			name := ""
			if accessor, err := meta.Accessor(object); err == nil {
				name = accessor.GetName()
			}
			fmt.Printf("%s/%s\n", kind.Kind, name)
		}
	}
	if failed {
		os.Exit(1)
	}
}
