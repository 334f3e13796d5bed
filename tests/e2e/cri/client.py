#!/usr/bin/python3
"""What a kubelet asks of a container runtime to give a pod its network, over the runtime's CRI socket.

  client.py network-ready            exit status 0 when the runtime says so
  client.py pod-cidr CIDR[,CIDR]     tell the runtime the node's pod ranges
  client.py run-pod NAME [HOSTPORT]  print the sandbox's id; HOSTPORT is published as port 80
  client.py addresses POD            one line each
  client.py run POD COMMAND...       a container in the pod; print its id
  client.py exec CONTAINER COMMAND...
  client.py stop-pod POD | remove-pod POD | pods
  client.py run-pods NAME COUNT PARALLEL   print each one's id and first address
  client.py end-pods-but [POD...]    stop and remove all others
  client.py churn COUNT PARALLEL     run, stop and remove that many pods; no address may be given twice

Environment: CRI_SOCKET, IMAGE, and PYTHONPATH with runtime_pb2, which protoc makes from runtime.proto.
"""
import concurrent.futures
import os
import sys
import time

import grpc
import runtime_pb2 as cri

RESPONSES = {
    "RunPodSandbox": cri.RunPodSandboxResponse,
    "PodSandboxStatus": cri.PodSandboxStatusResponse,
    "ListPodSandbox": cri.ListPodSandboxResponse,
    "CreateContainer": cri.CreateContainerResponse,
    "ExecSync": cri.ExecSyncResponse,
    "Status": cri.StatusResponse,
}
channel = grpc.insecure_channel("unix://" + os.environ["CRI_SOCKET"])


def call(method, request=cri.Empty()):
    response = RESPONSES.get(method, cri.Empty)
    stub = channel.unary_unary(
        "/runtime.v1.RuntimeService/" + method,
        request_serializer=lambda message: message.SerializeToString(),
        response_deserializer=response.FromString,
    )
    return stub(request, timeout=30)


def sandbox_config(name, host_port=None):
    config = cri.PodSandboxConfig(hostname=name)
    config.metadata.CopyFrom(cri.PodSandboxMetadata(name=name, uid="uid-" + name, namespace="default"))
    config.linux.security_context.namespace_options.pid = cri.CONTAINER
    if host_port:
        config.port_mappings.add(container_port=80, host_port=int(host_port))
    return config


def run_pod(name, host_port=None):
    request = cri.RunPodSandboxRequest(config=sandbox_config(name, host_port))
    return call("RunPodSandbox", request).pod_sandbox_id


def addresses(pod):
    network = call("PodSandboxStatus", cri.PodSandboxStatusRequest(pod_sandbox_id=pod)).status.network
    return [network.ip] + [more.ip for more in network.additional_ips]


def run(pod, *command):
    status = call("PodSandboxStatus", cri.PodSandboxStatusRequest(pod_sandbox_id=pod)).status
    config = cri.ContainerConfig(command=command)
    config.metadata.name = "main"
    config.image.image = os.environ["IMAGE"]
    sandbox = sandbox_config(status.metadata.name)
    request = cri.CreateContainerRequest(pod_sandbox_id=pod, config=config, sandbox_config=sandbox)
    container = call("CreateContainer", request).container_id
    call("StartContainer", cri.StartContainerRequest(container_id=container))
    return container


def execute(container, *command):
    response = call("ExecSync", cri.ExecSyncRequest(container_id=container, cmd=command, timeout=20))
    sys.stdout.write(response.stdout.decode())
    sys.stderr.write(response.stderr.decode())
    sys.exit(response.exit_code)


def stop_pod(pod):
    call("StopPodSandbox", cri.StopPodSandboxRequest(pod_sandbox_id=pod))


def remove_pod(pod):
    call("RemovePodSandbox", cri.RemovePodSandboxRequest(pod_sandbox_id=pod))


def network_ready():
    conditions = call("Status").status.conditions
    ready = [condition for condition in conditions if condition.type == "NetworkReady"]
    print(ready[0].message)
    sys.exit(0 if ready[0].status else 1)


def end_pod(pod):
    stop_pod(pod)
    stop_pod(pod)
    remove_pod(pod)


def run_pods(name, count, parallel):
    with concurrent.futures.ThreadPoolExecutor(int(parallel)) as pool:
        pods = list(pool.map(run_pod, ["%s-%d" % (name, i) for i in range(int(count))]))
    return "\n".join("%s %s" % (pod, addresses(pod)[0]) for pod in pods)


def end_pods_but(*kept):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(end_pod, [item.id for item in call("ListPodSandbox").items if item.id not in kept]))


def churn(count, parallel):
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(int(parallel)) as pool:
        pods = list(pool.map(run_pod, ["churn-%d" % i for i in range(int(count))]))
        up = time.monotonic()
        given = [addresses(pod)[0] for pod in pods]
        list(pool.map(end_pod, pods))
    print("%d pods up in %.1f s, gone after %.1f s" % (len(pods), up - start, time.monotonic() - start))
    twice = sorted({address for address in given if given.count(address) > 1})
    if twice:
        sys.exit("given twice: " + ", ".join(twice))


def pod_cidr(cidr):
    request = cri.UpdateRuntimeConfigRequest()
    request.runtime_config.network_config.pod_cidr = cidr
    call("UpdateRuntimeConfig", request)


VERBS = {
    "network-ready": network_ready,
    "pod-cidr": pod_cidr,
    "run-pod": run_pod,
    "addresses": lambda pod: "\n".join(addresses(pod)),
    "run": run,
    "exec": execute,
    "stop-pod": stop_pod,
    "remove-pod": remove_pod,
    "pods": lambda: "\n".join(pod.id for pod in call("ListPodSandbox").items),
    "run-pods": run_pods,
    "end-pods-but": end_pods_but,
    "churn": churn,
}

if __name__ == "__main__":
    try:
        answer = VERBS[sys.argv[1]](*sys.argv[2:])
    except grpc.RpcError as error:
        sys.exit("%s: %s" % (error.code().name, error.details()))
    if answer is not None:
        print(answer)
