# make_image DIR: a one-layer image out of the static busybox, without registry or image tool.
#   DIR/rootfs.tar   the layer               DIR/image.tar   an OCI image layout, named $IMAGE
# The image sleeps by default, so that it also serves as the sandbox ("pause") image.
# shellcheck shell=bash

make_image() {
  local dir=$1 root=$1/rootfs applet layer config manifest
  ldd /bin/busybox >/dev/null 2>&1 && skip "/bin/busybox is not static (make deps-test)"
  mkdir -p "$root"/{bin,dev,etc,proc,root,run,sys,tmp,www} "$dir/layout/blobs/sha256"
  cp /bin/busybox "$root/bin/"
  for applet in sh sleep ip ping wget httpd nc cat hostname timeout true; do ln -s busybox "$root/bin/$applet"; done
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  tar -C "$root" --owner=0 --group=0 -cf "$dir/rootfs.tar" .

  layer=$(store_blob "$dir/layout" <"$dir/rootfs.tar")
  config=$(jq -n --arg layer "sha256:${layer% *}" '{architecture: "amd64", os: "linux",
    config: {Env: ["PATH=/bin"], Cmd: ["/bin/sleep", "1000000"]}, rootfs: {type: "layers", diff_ids: [$layer]}}' |
    store_blob "$dir/layout")
  manifest=$(jq -n --argjson config "$(descriptor config.v1+json "$config")" \
    --argjson layer "$(descriptor layer.v1.tar "$layer")" '{schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json", config: $config, layers: [$layer]}' |
    store_blob "$dir/layout")
  descriptor manifest.v1+json "$manifest" | jq --arg name "$IMAGE" '{schemaVersion: 2,
    manifests: [. + {annotations: {"io.containerd.image.name": $name}}]}' >"$dir/layout/index.json"
  echo '{"imageLayoutVersion": "1.0.0"}' >"$dir/layout/oci-layout"
  tar -C "$dir/layout" -cf "$dir/image.tar" .
}

# Stores stdin below its hash; prints the hash and the size.
store_blob() {
  local sum
  cat >"$1/blob"
  sum=$(sha256sum <"$1/blob")
  sum=${sum%% *}
  mv "$1/blob" "$1/blobs/sha256/$sum"
  stat -c "$sum %s" "$1/blobs/sha256/$sum"
}

descriptor() { # KIND "HASH SIZE"
  jq -n --arg type "application/vnd.oci.image.$1" --arg hash "sha256:${2% *}" --argjson size "${2#* }" \
    '{mediaType: $type, digest: $hash, size: $size}'
}
