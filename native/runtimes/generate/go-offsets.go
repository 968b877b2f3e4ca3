// SPDX-License-Identifier: Apache-2.0

// Where the runtime of each version of Go keeps what the kernel programs read of a goroutine (bpf/contexts/go.h). Builds a
// program of one line with the first and the last release of each minor version that the Go proxy has, for both
// architectures, and reads the type information in it. Releases of one minor version must agree.
//
//	go run go-offsets.go > ../generated/go-offsets.h   writes the table
//	go run go-offsets.go 1.18.10 1.27.0                prints the rows of these releases
package main

import (
	"debug/dwarf"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// The first minor version that the table has.
const firstMinor = 18

// One field that the kernel programs read: its name in struct spanloom_go, and in the runtime.
type field struct {
	name, structure, member string
	// The first minor version that has it; before that the row says 0.
	since int
}

var fields = []field{
	{"g_m", "runtime.g", "m", 0},
	{"g_id", "runtime.g", "goid", 0},
	{"g_parent", "runtime.g", "parentGoid", 21},
	{"g_start", "runtime.g", "startpc", 0},
	{"m_current", "runtime.m", "curg", 0},
	{"sudog_g", "runtime.sudog", "g", 0},
	{"sudog_channel", "runtime.sudog", "c", 0},
	{"channel_receivers", "runtime.hchan", "recvq", 0},
}

// Fields that must stand at the beginning of their structure.
var first = []field{
	{"", "runtime.g", "stack", 0},
	{"", "runtime.stack", "lo", 0},
	{"", "runtime.waitq", "first", 0},
}

type release struct{ minor, patch int }

func (r release) String() string {
	if r.patch == 0 && r.minor < 21 {
		return fmt.Sprintf("1.%d", r.minor)
	}
	return fmt.Sprintf("1.%d.%d", r.minor, r.patch)
}

var releaseName = regexp.MustCompile(`^(?:v0\.0\.1-go)?1\.(\d+)(?:\.(\d+))?(?:\.linux-amd64)?$`)

func parseRelease(text string) (release, bool) {
	parts := releaseName.FindStringSubmatch(text)
	if parts == nil {
		return release{}, false
	}
	minor, _ := strconv.Atoi(parts[1])
	patch, _ := strconv.Atoi("0" + parts[2])
	return release{minor, patch}, true
}

func check(err error, what string) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

// The first and the last release of each minor version.
func releases(folder string) [][]release {
	command := exec.Command("go", "list", "-m", "-versions", "golang.org/toolchain")
	command.Dir = folder
	command.Stderr = os.Stderr
	output, err := command.Output()
	check(err, "asking the Go proxy for its toolchains")
	byMinor := map[int][]release{}
	for _, text := range strings.Fields(string(output)) {
		if one, ok := parseRelease(text); ok && one.minor >= firstMinor && strings.HasSuffix(text, ".linux-amd64") {
			byMinor[one.minor] = append(byMinor[one.minor], one)
		}
	}
	all := [][]release{}
	for minor := firstMinor; len(byMinor[minor]) > 0; minor++ {
		of := byMinor[minor]
		sort.Slice(of, func(left, right int) bool { return of[left].patch < of[right].patch })
		all = append(all, []release{of[0], of[len(of)-1]})
	}
	return all
}

func build(folder string, of release, architecture string) string {
	program := filepath.Join(folder, "program-"+of.String()+"-"+architecture)
	command := exec.Command("go", "build", "-o", program, "main.go")
	command.Dir = folder
	command.Env = append(os.Environ(), "PWD="+folder, "GOTOOLCHAIN=go"+of.String(), "GOARCH="+architecture, "CGO_ENABLED=0", "GOFLAGS=")
	output, err := command.CombinedOutput()
	check(err, "building with go"+of.String()+": "+string(output))
	return program
}

// Offsets of all members of structures by "structure.member".
func members(program string) map[string]int64 {
	file, err := elf.Open(program)
	check(err, program)
	defer file.Close()
	types, err := file.DWARF()
	check(err, program)
	found := map[string]int64{}
	structure := ""
	for reader := types.Reader(); ; {
		entry, err := reader.Next()
		check(err, program)
		if entry == nil {
			return found
		}
		name, _ := entry.Val(dwarf.AttrName).(string)
		switch entry.Tag {
		case dwarf.TagStructType:
			structure = name
		case dwarf.TagMember:
			if offset, ok := entry.Val(dwarf.AttrDataMemberLoc).(int64); ok {
				found[structure+"."+name] = offset
			}
		case dwarf.TagSubprogram:
			reader.SkipChildren()
		}
	}
}

func row(folder string, of release, architecture string) string {
	program := build(folder, of, architecture)
	found := members(program)
	check(os.Remove(program), program)
	text := fmt.Sprintf("{.minor = %d", of.minor)
	for _, one := range fields {
		offset, ok := found[one.structure+"."+one.member]
		if !ok && of.minor >= one.since {
			check(fmt.Errorf("go%s has no %s.%s", of, one.structure, one.member), "reading types")
		}
		text += fmt.Sprintf(", .%s = %d", one.name, offset)
	}
	for _, one := range first {
		if offset, ok := found[one.structure+"."+one.member]; !ok || offset != 0 {
			check(fmt.Errorf("in go%s %s does not begin with %s", of, one.structure, one.member), "reading types")
		}
	}
	return text + "},"
}

// The row of releases that must agree.
func rowOf(folder string, all []release) string {
	result := ""
	for _, of := range all {
		for _, architecture := range []string{"amd64", "arm64"} {
			text := row(folder, of, architecture)
			if result != "" && text != result {
				check(fmt.Errorf("go%s on %s has %s, not %s", of, architecture, text, result), "comparing releases")
			}
			result = text
		}
	}
	return result
}

func main() {
	folder, err := os.MkdirTemp("", "go-offsets-")
	check(err, "making a folder")
	defer os.RemoveAll(folder)
	check(os.WriteFile(filepath.Join(folder, "go.mod"), []byte("module program\n\ngo 1.18\n"), 0o600), folder)
	check(os.WriteFile(filepath.Join(folder, "main.go"), []byte("package main\n\nfunc main() {}\n"), 0o600), folder)
	if len(os.Args) > 1 {
		for _, text := range os.Args[1:] {
			of, ok := parseRelease(text)
			if !ok {
				check(fmt.Errorf("no release"), text)
			}
			fmt.Println(rowOf(folder, []release{of}))
		}
		return
	}
	fmt.Print("// SPDX-License-Identifier: Apache-2.0\n" +
		"// Generated by native/runtimes/generate/go-offsets.go. Do not edit.\n" +
		"#pragma once\n\n#include <array>\n\n#include \"runtimes/go-version.h\"\n\nnamespace spanloom {\n\n" +
		"// Each minor version of Go: all its releases agree.\ninline constexpr auto kGoOffsets = std::to_array<GoOffsets>({\n")
	for _, of := range releases(folder) {
		fmt.Printf("    // %s to %s\n    %s\n", of[0], of[1], rowOf(folder, of))
	}
	fmt.Print("});\n\n}  // namespace spanloom\n")
}
