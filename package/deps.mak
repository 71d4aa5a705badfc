# Written by package/gen-deps: make deps

# Objects

$(BUILD)/obj/lcboot/lc-before.o: src/lcboot/lc-before.c src/include/lcboot/commands.h src/include/lcboot/exec.h src/include/lcboot/say.h
$(BUILD)/obj/lcboot/lc-cgroup.o: src/lcboot/lc-cgroup.c src/include/lcboot/cgroup.h src/include/lcboot/cgrouplimit.h src/include/lcboot/child.h src/include/lcboot/exec.h src/include/lcboot/ids.h src/include/lcboot/mountinfo.h src/include/lcboot/say.h src/include/lcboot/watch.h
$(BUILD)/obj/lcboot/lc-chown.o: src/lcboot/lc-chown.c src/include/lcboot/block.h src/include/lcboot/exec.h src/include/lcboot/ids.h src/include/lcboot/inroot.h src/include/lcboot/say.h src/include/lcboot/sys.h
$(BUILD)/obj/lcboot/lc-compile.o: src/lcboot/lc-compile.c src/include/inityml/config.h src/include/inityml/lines.h src/include/inityml/script.h src/include/lcboot/say.h
$(BUILD)/obj/lcboot/lc-engine.o: src/lcboot/lc-engine.c src/include/lcboot/exec.h src/include/lcboot/pidns.h src/include/lcboot/say.h
$(BUILD)/obj/lcboot/lc-getopt.o: src/lcboot/lc-getopt.c src/include/lcboot/block.h src/include/lcboot/exec.h
$(BUILD)/obj/lcboot/lc-hostname.o: src/lcboot/lc-hostname.c src/include/lcboot/exec.h src/include/lcboot/say.h
$(BUILD)/obj/lcboot/lc-idmap.o: src/lcboot/lc-idmap.c src/include/lcboot/attach.h src/include/lcboot/child.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/sys.h src/include/lcboot/userns.h
$(BUILD)/obj/lcboot/lc-initctl.o: src/lcboot/lc-initctl.c src/include/lcboot/attach.h src/include/lcboot/child.h src/include/lcboot/ctlfifo.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/ids.h src/include/lcboot/initreq.h src/include/lcboot/inits.h src/include/lcboot/inroot.h src/include/lcboot/listener.h src/include/lcboot/mountopts.h src/include/lcboot/runlevel.h src/include/lcboot/say.h src/include/lcboot/sealed.h src/include/lcboot/signals.h src/include/lcboot/sys.h
$(BUILD)/obj/lcboot/lc-kernelfs.o: src/lcboot/lc-kernelfs.c src/include/lcboot/attach.h src/include/lcboot/cgroup.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/pidns.h src/include/lcboot/say.h src/include/lcboot/sys.h
$(BUILD)/obj/lcboot/lc-mountcgroup.o: src/lcboot/lc-mountcgroup.c src/include/lcboot/cgroupfs.h src/include/lcboot/exec.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/say.h
$(BUILD)/obj/lcboot/lc-mountdev.o: src/lcboot/lc-mountdev.c src/include/lcboot/dev.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/say.h src/include/lcboot/sys.h
$(BUILD)/obj/lcboot/lc-mountfs.o: src/lcboot/lc-mountfs.c src/include/lcboot/attach.h src/include/lcboot/blockfs.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/fstab.h src/include/lcboot/inroot.h src/include/lcboot/keep.h src/include/lcboot/loop.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/sys.h
$(BUILD)/obj/lcboot/lc-netmove.o: src/lcboot/lc-netmove.c src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/ids.h src/include/lcboot/netif.h src/include/lcboot/netns.h src/include/lcboot/netstate.h src/include/lcboot/proc.h src/include/lcboot/rtnl.h src/include/lcboot/say.h src/include/lcboot/signals.h src/include/lcboot/sys.h
$(BUILD)/obj/lcboot/lc-overlay.o: src/lcboot/lc-overlay.c src/include/lcboot/child.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/overlay.h src/include/lcboot/say.h src/include/lcboot/userns.h
$(BUILD)/obj/lcboot/lc-pivot.o: src/lcboot/lc-pivot.c src/include/lcboot/commands.h src/include/lcboot/exec.h src/include/lcboot/newroot.h src/include/lcboot/say.h src/include/lcboot/sealed.h
$(BUILD)/obj/lcboot/lc-run.o: src/lcboot/lc-run.c src/include/inityml/chain.h src/include/inityml/guest.h src/include/inityml/lines.h src/include/lcboot/idmap.h src/include/lcboot/say.h
$(BUILD)/obj/lcboot/lc-setns.o: src/lcboot/lc-setns.c src/include/lcboot/child.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/pair.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/sys.h src/include/lcboot/userns.h src/include/lcboot/watch.h
$(BUILD)/obj/lcboot/lc-sigreset.o: src/lcboot/lc-sigreset.c src/include/lcboot/exec.h
$(BUILD)/obj/lcboot/lc-tolerant.o: src/lcboot/lc-tolerant.c src/include/lcboot/tolerant.h
$(BUILD)/obj/lcboot/lc-unshare.o: src/lcboot/lc-unshare.c src/include/lcboot/block.h src/include/lcboot/child.h src/include/lcboot/exec.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/pair.h src/include/lcboot/pidns.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/sys.h src/include/lcboot/userns.h src/include/lcboot/watch.h
$(BUILD)/obj/libinityml/chain.o: src/libinityml/chain.c src/include/inityml/chain.h src/include/inityml/guest.h src/include/inityml/lines.h src/include/inityml/quote.h src/include/lcboot/find.h src/include/lcboot/idmap.h
$(BUILD)/obj/libinityml/chainroot.o: src/libinityml/chainroot.c src/include/inityml/chain.h src/include/inityml/guest.h src/include/inityml/lines.h src/include/lcboot/idmap.h
$(BUILD)/obj/libinityml/config.o: src/libinityml/config.c src/include/inityml/config.h src/include/inityml/maps.h src/include/inityml/mistakes.h src/include/inityml/values.h src/include/inityml/words.h src/include/inityml/yaml.h src/include/lcboot/fstab.h src/include/lcboot/ids.h src/include/lcboot/mountopts.h
$(BUILD)/obj/libinityml/guest.o: src/libinityml/guest.c src/include/inityml/guest.h src/include/lcboot/cgroup.h src/include/lcboot/find.h src/include/lcboot/idmap.h src/include/lcboot/mountinfo.h src/include/lcboot/say.h
$(BUILD)/obj/libinityml/lines.o: src/libinityml/lines.c src/include/inityml/lines.h src/include/inityml/quote.h src/include/lcboot/exec.h
$(BUILD)/obj/libinityml/maps.o: src/libinityml/maps.c src/include/inityml/maps.h src/include/inityml/mistakes.h src/include/inityml/values.h src/include/inityml/yaml.h src/include/lcboot/idmap.h src/include/lcboot/ids.h
$(BUILD)/obj/libinityml/mistakes.o: src/libinityml/mistakes.c src/include/inityml/mistakes.h
$(BUILD)/obj/libinityml/quote.o: src/libinityml/quote.c src/include/inityml/quote.h
$(BUILD)/obj/libinityml/script.o: src/libinityml/script.c src/include/inityml/config.h src/include/inityml/lines.h src/include/inityml/quote.h src/include/inityml/script.h src/include/lcboot/fstab.h src/include/lcboot/idmap.h
$(BUILD)/obj/libinityml/values.o: src/libinityml/values.c src/include/inityml/mistakes.h src/include/inityml/values.h src/include/inityml/yaml.h
$(BUILD)/obj/libinityml/words.o: src/libinityml/words.c src/include/inityml/config.h src/include/inityml/words.h
$(BUILD)/obj/libinityml/yaml.o: src/libinityml/yaml.c src/include/inityml/mistakes.h src/include/inityml/yaml.h
$(BUILD)/obj/liblcboot/apart.o: src/liblcboot/apart.c src/include/lcboot/apart.h src/include/lcboot/proc.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/attach.o: src/liblcboot/attach.c src/include/lcboot/attach.h src/include/lcboot/fd.h src/include/lcboot/mountopts.h src/include/lcboot/oldmount.h src/include/lcboot/proc.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/block.o: src/liblcboot/block.c src/include/lcboot/block.h
$(BUILD)/obj/liblcboot/blockfs.o: src/liblcboot/blockfs.c src/include/lcboot/attach.h src/include/lcboot/blockfs.h src/include/lcboot/fd.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/say.h
$(BUILD)/obj/liblcboot/cgroup.o: src/liblcboot/cgroup.c src/include/lcboot/attach.h src/include/lcboot/cgroup.h src/include/lcboot/fd.h src/include/lcboot/ids.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/cgroupend.o: src/liblcboot/cgroupend.c src/include/lcboot/attach.h src/include/lcboot/cgroup.h src/include/lcboot/clock.h src/include/lcboot/fd.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/cgroupfind.o: src/liblcboot/cgroupfind.c src/include/lcboot/attach.h src/include/lcboot/cgroup.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/cgroupfs.o: src/liblcboot/cgroupfs.c src/include/lcboot/attach.h src/include/lcboot/cgroup.h src/include/lcboot/cgroupfs.h src/include/lcboot/child.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/inroot.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/sys.h src/include/lcboot/userns.h
$(BUILD)/obj/liblcboot/cgroupgive.o: src/liblcboot/cgroupgive.c src/include/lcboot/cgroup.h src/include/lcboot/fd.h src/include/lcboot/mountinfo.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/cgrouplimit.o: src/liblcboot/cgrouplimit.c src/include/lcboot/cgroup.h src/include/lcboot/cgrouplimit.h src/include/lcboot/ids.h src/include/lcboot/mountinfo.h src/include/lcboot/say.h
$(BUILD)/obj/liblcboot/child.o: src/liblcboot/child.c src/include/lcboot/child.h src/include/lcboot/exec.h src/include/lcboot/signals.h src/include/lcboot/tolerant.h
$(BUILD)/obj/liblcboot/clock.o: src/liblcboot/clock.c src/include/lcboot/clock.h
$(BUILD)/obj/liblcboot/commands.o: src/liblcboot/commands.c src/include/lcboot/block.h src/include/lcboot/child.h src/include/lcboot/commands.h src/include/lcboot/fd.h src/include/lcboot/ids.h src/include/lcboot/say.h src/include/lcboot/tolerant.h
$(BUILD)/obj/liblcboot/ctlfifo.o: src/liblcboot/ctlfifo.c src/include/lcboot/attach.h src/include/lcboot/ctlfifo.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h
$(BUILD)/obj/liblcboot/deathsig.o: src/liblcboot/deathsig.c src/include/lcboot/deathsig.h
$(BUILD)/obj/liblcboot/detach.o: src/liblcboot/detach.c src/include/lcboot/detach.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/proc.h
$(BUILD)/obj/liblcboot/dev.o: src/liblcboot/dev.c src/include/lcboot/attach.h src/include/lcboot/dev.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/say.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/exec.o: src/liblcboot/exec.c src/include/lcboot/exec.h
$(BUILD)/obj/liblcboot/fd.o: src/liblcboot/fd.c src/include/lcboot/fd.h src/include/lcboot/ids.h src/include/lcboot/proc.h
$(BUILD)/obj/liblcboot/find.o: src/liblcboot/find.c src/include/lcboot/exec.h src/include/lcboot/find.h
$(BUILD)/obj/liblcboot/fstab.o: src/liblcboot/fstab.c src/include/lcboot/fstab.h
$(BUILD)/obj/liblcboot/idmap.o: src/liblcboot/idmap.c src/include/lcboot/idmap.h src/include/lcboot/ids.h src/include/lcboot/proc.h
$(BUILD)/obj/liblcboot/ids.o: src/liblcboot/ids.c src/include/lcboot/ids.h
$(BUILD)/obj/liblcboot/initreq.o: src/liblcboot/initreq.c src/include/lcboot/initreq.h
$(BUILD)/obj/liblcboot/inits.o: src/liblcboot/inits.c src/include/lcboot/fd.h src/include/lcboot/initreq.h src/include/lcboot/inits.h src/include/lcboot/inroot.h src/include/lcboot/proc.h src/include/lcboot/signals.h src/include/lcboot/sys.h src/include/lcboot/watch.h
$(BUILD)/obj/liblcboot/inroot.o: src/liblcboot/inroot.c src/include/lcboot/attach.h src/include/lcboot/deathsig.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/keep.o: src/liblcboot/keep.c src/include/lcboot/attach.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/keep.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/listener.o: src/liblcboot/listener.c src/include/lcboot/clock.h src/include/lcboot/ctlfifo.h src/include/lcboot/detach.h src/include/lcboot/initreq.h src/include/lcboot/inits.h src/include/lcboot/listener.h src/include/lcboot/runlevel.h src/include/lcboot/say.h src/include/lcboot/sayrate.h
$(BUILD)/obj/liblcboot/loop.o: src/liblcboot/loop.c src/include/lcboot/fd.h src/include/lcboot/loop.h
$(BUILD)/obj/liblcboot/mountinfo.o: src/liblcboot/mountinfo.c src/include/lcboot/fstab.h src/include/lcboot/inroot.h src/include/lcboot/mountinfo.h src/include/lcboot/proc.h
$(BUILD)/obj/liblcboot/mountopts.o: src/liblcboot/mountopts.c src/include/lcboot/ids.h src/include/lcboot/mountopts.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/netaddr.o: src/liblcboot/netaddr.c src/include/lcboot/netif.h src/include/lcboot/netput.h src/include/lcboot/netstate.h src/include/lcboot/rtnl.h src/include/lcboot/say.h
$(BUILD)/obj/liblcboot/netif.o: src/liblcboot/netif.c src/include/lcboot/netif.h src/include/lcboot/rtnl.h
$(BUILD)/obj/liblcboot/netns.o: src/liblcboot/netns.c src/include/lcboot/attach.h src/include/lcboot/mountopts.h src/include/lcboot/netns.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/netput.o: src/liblcboot/netput.c src/include/lcboot/netif.h src/include/lcboot/netput.h src/include/lcboot/netstate.h src/include/lcboot/rtnl.h src/include/lcboot/say.h
$(BUILD)/obj/liblcboot/netroute.o: src/liblcboot/netroute.c src/include/lcboot/netif.h src/include/lcboot/netput.h src/include/lcboot/netstate.h src/include/lcboot/rtnl.h src/include/lcboot/say.h
$(BUILD)/obj/liblcboot/netstate.o: src/liblcboot/netstate.c src/include/lcboot/netif.h src/include/lcboot/netstate.h src/include/lcboot/rtnl.h
$(BUILD)/obj/liblcboot/newroot.o: src/liblcboot/newroot.c src/include/lcboot/attach.h src/include/lcboot/child.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/newroot.h src/include/lcboot/pidns.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/sys.h src/include/lcboot/userns.h
$(BUILD)/obj/liblcboot/oldmount.o: src/liblcboot/oldmount.c src/include/lcboot/attach.h src/include/lcboot/fd.h src/include/lcboot/inroot.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/oldmount.h src/include/lcboot/proc.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/overlay.o: src/liblcboot/overlay.c src/include/lcboot/apart.h src/include/lcboot/attach.h src/include/lcboot/child.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/inroot.h src/include/lcboot/mountopts.h src/include/lcboot/overlay.h src/include/lcboot/proc.h src/include/lcboot/stack.h src/include/lcboot/sys.h src/include/lcboot/userns.h
$(BUILD)/obj/liblcboot/pair.o: src/liblcboot/pair.c src/include/lcboot/pair.h
$(BUILD)/obj/liblcboot/pidns.o: src/liblcboot/pidns.c src/include/lcboot/fd.h src/include/lcboot/pidns.h src/include/lcboot/proc.h
$(BUILD)/obj/liblcboot/proc.o: src/liblcboot/proc.c src/include/lcboot/attach.h src/include/lcboot/fd.h src/include/lcboot/ids.h src/include/lcboot/mountinfo.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/rtnl.o: src/liblcboot/rtnl.c src/include/lcboot/fd.h src/include/lcboot/rtnl.h
$(BUILD)/obj/liblcboot/runlevel.o: src/liblcboot/runlevel.c src/include/lcboot/clock.h src/include/lcboot/initreq.h src/include/lcboot/inits.h src/include/lcboot/runlevel.h src/include/lcboot/say.h src/include/lcboot/sayrate.h src/include/lcboot/signals.h
$(BUILD)/obj/liblcboot/say.o: src/liblcboot/say.c src/include/lcboot/ids.h src/include/lcboot/say.h
$(BUILD)/obj/liblcboot/sayrate.o: src/liblcboot/sayrate.c src/include/lcboot/clock.h src/include/lcboot/say.h src/include/lcboot/sayrate.h
$(BUILD)/obj/liblcboot/sealed.o: src/liblcboot/sealed.c src/include/lcboot/fd.h src/include/lcboot/sealed.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/signals.o: src/liblcboot/signals.c src/include/lcboot/ids.h src/include/lcboot/signals.h
$(BUILD)/obj/liblcboot/stack.o: src/liblcboot/stack.c src/include/lcboot/attach.h src/include/lcboot/fd.h src/include/lcboot/mountopts.h src/include/lcboot/proc.h src/include/lcboot/stack.h src/include/lcboot/sys.h
$(BUILD)/obj/liblcboot/tolerant.o: src/liblcboot/tolerant.c src/include/lcboot/child.h src/include/lcboot/exec.h src/include/lcboot/find.h src/include/lcboot/tolerant.h
$(BUILD)/obj/liblcboot/userns.o: src/liblcboot/userns.c src/include/lcboot/child.h src/include/lcboot/deathsig.h src/include/lcboot/fd.h src/include/lcboot/idmap.h src/include/lcboot/proc.h src/include/lcboot/userns.h
$(BUILD)/obj/liblcboot/watch.o: src/liblcboot/watch.c src/include/lcboot/clock.h src/include/lcboot/fd.h src/include/lcboot/pair.h src/include/lcboot/proc.h src/include/lcboot/say.h src/include/lcboot/signals.h src/include/lcboot/watch.h
$(BUILD)/obj/multicall/lcboot.o: src/multicall/lcboot.c src/include/lcboot/exec.h src/include/lcboot/fd.h

# Libraries

$(BUILD)/lib/libinityml.a: $(BUILD)/obj/libinityml/chain.o $(BUILD)/obj/libinityml/chainroot.o $(BUILD)/obj/libinityml/config.o $(BUILD)/obj/libinityml/guest.o $(BUILD)/obj/libinityml/lines.o $(BUILD)/obj/libinityml/maps.o $(BUILD)/obj/libinityml/mistakes.o $(BUILD)/obj/libinityml/quote.o $(BUILD)/obj/libinityml/script.o $(BUILD)/obj/libinityml/values.o $(BUILD)/obj/libinityml/words.o $(BUILD)/obj/libinityml/yaml.o
$(BUILD)/lib/liblcboot.a: $(BUILD)/obj/liblcboot/apart.o $(BUILD)/obj/liblcboot/attach.o $(BUILD)/obj/liblcboot/block.o $(BUILD)/obj/liblcboot/blockfs.o $(BUILD)/obj/liblcboot/cgroup.o $(BUILD)/obj/liblcboot/cgroupend.o $(BUILD)/obj/liblcboot/cgroupfind.o $(BUILD)/obj/liblcboot/cgroupfs.o $(BUILD)/obj/liblcboot/cgroupgive.o $(BUILD)/obj/liblcboot/cgrouplimit.o $(BUILD)/obj/liblcboot/child.o $(BUILD)/obj/liblcboot/clock.o $(BUILD)/obj/liblcboot/commands.o $(BUILD)/obj/liblcboot/ctlfifo.o $(BUILD)/obj/liblcboot/deathsig.o $(BUILD)/obj/liblcboot/detach.o $(BUILD)/obj/liblcboot/dev.o $(BUILD)/obj/liblcboot/exec.o $(BUILD)/obj/liblcboot/fd.o $(BUILD)/obj/liblcboot/find.o $(BUILD)/obj/liblcboot/fstab.o $(BUILD)/obj/liblcboot/idmap.o $(BUILD)/obj/liblcboot/ids.o $(BUILD)/obj/liblcboot/initreq.o $(BUILD)/obj/liblcboot/inits.o $(BUILD)/obj/liblcboot/inroot.o $(BUILD)/obj/liblcboot/keep.o $(BUILD)/obj/liblcboot/listener.o $(BUILD)/obj/liblcboot/loop.o $(BUILD)/obj/liblcboot/mountinfo.o $(BUILD)/obj/liblcboot/mountopts.o $(BUILD)/obj/liblcboot/netaddr.o $(BUILD)/obj/liblcboot/netif.o $(BUILD)/obj/liblcboot/netns.o $(BUILD)/obj/liblcboot/netput.o $(BUILD)/obj/liblcboot/netroute.o $(BUILD)/obj/liblcboot/netstate.o $(BUILD)/obj/liblcboot/newroot.o $(BUILD)/obj/liblcboot/oldmount.o $(BUILD)/obj/liblcboot/overlay.o $(BUILD)/obj/liblcboot/pair.o $(BUILD)/obj/liblcboot/pidns.o $(BUILD)/obj/liblcboot/proc.o $(BUILD)/obj/liblcboot/rtnl.o $(BUILD)/obj/liblcboot/runlevel.o $(BUILD)/obj/liblcboot/say.o $(BUILD)/obj/liblcboot/sayrate.o $(BUILD)/obj/liblcboot/sealed.o $(BUILD)/obj/liblcboot/signals.o $(BUILD)/obj/liblcboot/stack.o $(BUILD)/obj/liblcboot/tolerant.o $(BUILD)/obj/liblcboot/userns.o $(BUILD)/obj/liblcboot/watch.o

# Programs

$(BUILD)/bin/lc-before: LINK := $(BUILD)/obj/lcboot/lc-before.o $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-before: $(BUILD)/obj/lcboot/lc-before.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-cgroup: LINK := $(BUILD)/obj/lcboot/lc-cgroup.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-cgroup: $(BUILD)/obj/lcboot/lc-cgroup.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-chown: LINK := $(BUILD)/obj/lcboot/lc-chown.o $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-chown: $(BUILD)/obj/lcboot/lc-chown.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-compile: LINK := $(BUILD)/obj/lcboot/lc-compile.o $(BUILD)/lib/libinityml.a $(BUILD)/lib/liblcboot.a -lyaml -lexecline -lskarnet
$(BUILD)/bin/lc-compile: $(BUILD)/obj/lcboot/lc-compile.o $(BUILD)/lib/libinityml.a $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-engine: LINK := $(BUILD)/obj/lcboot/lc-engine.o $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-engine: $(BUILD)/obj/lcboot/lc-engine.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-getopt: LINK := $(BUILD)/obj/lcboot/lc-getopt.o $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-getopt: $(BUILD)/obj/lcboot/lc-getopt.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-hostname: LINK := $(BUILD)/obj/lcboot/lc-hostname.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-hostname: $(BUILD)/obj/lcboot/lc-hostname.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-idmap: LINK := $(BUILD)/obj/lcboot/lc-idmap.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-idmap: $(BUILD)/obj/lcboot/lc-idmap.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-initctl: LINK := $(BUILD)/obj/lcboot/lc-initctl.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-initctl: $(BUILD)/obj/lcboot/lc-initctl.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-kernelfs: LINK := $(BUILD)/obj/lcboot/lc-kernelfs.o $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-kernelfs: $(BUILD)/obj/lcboot/lc-kernelfs.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-mountcgroup: LINK := $(BUILD)/obj/lcboot/lc-mountcgroup.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-mountcgroup: $(BUILD)/obj/lcboot/lc-mountcgroup.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-mountdev: LINK := $(BUILD)/obj/lcboot/lc-mountdev.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-mountdev: $(BUILD)/obj/lcboot/lc-mountdev.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-mountfs: LINK := $(BUILD)/obj/lcboot/lc-mountfs.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-mountfs: $(BUILD)/obj/lcboot/lc-mountfs.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-netmove: LINK := $(BUILD)/obj/lcboot/lc-netmove.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-netmove: $(BUILD)/obj/lcboot/lc-netmove.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-overlay: LINK := $(BUILD)/obj/lcboot/lc-overlay.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-overlay: $(BUILD)/obj/lcboot/lc-overlay.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-pivot: LINK := $(BUILD)/obj/lcboot/lc-pivot.o $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-pivot: $(BUILD)/obj/lcboot/lc-pivot.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-run: LINK := $(BUILD)/obj/lcboot/lc-run.o $(BUILD)/lib/libinityml.a $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-run: $(BUILD)/obj/lcboot/lc-run.o $(BUILD)/lib/libinityml.a $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-setns: LINK := $(BUILD)/obj/lcboot/lc-setns.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-setns: $(BUILD)/obj/lcboot/lc-setns.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-sigreset: LINK := $(BUILD)/obj/lcboot/lc-sigreset.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-sigreset: $(BUILD)/obj/lcboot/lc-sigreset.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-tolerant: LINK := $(BUILD)/obj/lcboot/lc-tolerant.o $(BUILD)/lib/liblcboot.a -lskarnet
$(BUILD)/bin/lc-tolerant: $(BUILD)/obj/lcboot/lc-tolerant.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lc-unshare: LINK := $(BUILD)/obj/lcboot/lc-unshare.o $(BUILD)/lib/liblcboot.a -lexecline -lskarnet
$(BUILD)/bin/lc-unshare: $(BUILD)/obj/lcboot/lc-unshare.o $(BUILD)/lib/liblcboot.a
$(BUILD)/bin/lcboot: LINK := $(BUILD)/obj/multicall/lcboot.o $(BUILD)/lib/libinityml.a $(BUILD)/lib/liblcboot.a -lyaml -lexecline -lskarnet
$(BUILD)/bin/lcboot: $(BUILD)/obj/multicall/lcboot.o $(BUILD)/lib/libinityml.a $(BUILD)/lib/liblcboot.a
