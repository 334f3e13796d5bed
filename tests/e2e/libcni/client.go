// A container runtime reduced to its calls of libcni, the library inside containerd and podman.
//
//	client add|check|del|cached|validate NETWORK CONTAINERID NETNS
//
// It reads the same directories as the runtimes. ARGS holds CNI_ARGS as "K=V;K=V", CAPABILITIES a JSON object of
// capability arguments. The result is printed; an error goes to stderr, and the exit status is 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

func runtimeConf(id, netns string) (*libcni.RuntimeConf, error) {
	conf := &libcni.RuntimeConf{ContainerID: id, NetNS: netns, IfName: "eth0"}
	for _, arg := range strings.Split(os.Getenv("ARGS"), ";") {
		if key, value, found := strings.Cut(arg, "="); found {
			conf.Args = append(conf.Args, [2]string{key, value})
		}
	}
	if text := os.Getenv("CAPABILITIES"); text != "" {
		if err := json.Unmarshal([]byte(text), &conf.CapabilityArgs); err != nil {
			return nil, err
		}
	}
	return conf, nil
}

func call(verb, network, id, netns string) (result types.Result, err error) {
	list, err := libcni.LoadConfList("/etc/cni/net.d", network)
	if err != nil {
		return nil, err
	}
	conf, err := runtimeConf(id, netns)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cni := libcni.NewCNIConfig([]string{"/opt/cni/bin"}, nil)
	switch verb {
	case "add":
		return cni.AddNetworkList(ctx, list, conf)
	case "check":
		return nil, cni.CheckNetworkList(ctx, list, conf)
	case "del":
		return nil, cni.DelNetworkList(ctx, list, conf)
	case "cached":
		return cni.GetNetworkListCachedResult(list, conf)
	case "validate":
		capabilities, err := cni.ValidateNetworkList(ctx, list)
		fmt.Println("capabilities", capabilities)
		return nil, err
	}
	return nil, fmt.Errorf("unknown verb %q", verb)
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: client VERB NETWORK CONTAINERID NETNS")
		os.Exit(2)
	}
	result, err := call(os.Args[1], os.Args[2], os.Args[3], os.Args[4])
	if err == nil && result != nil {
		err = result.Print()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
