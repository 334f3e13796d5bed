// A daemon as daemons used to be: it goes into a container's network namespace, starts work there without having its
// goroutine locked to the thread, and goes home. The runtime clones the threads it needs for that work from the one that
// is inside; they stay there. Prints a line when some are lost.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

const sysSetns = 308

func setns(path string) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		panic(err)
	}
	if _, _, errno := syscall.RawSyscall(sysSetns, uintptr(fd), syscall.CLONE_NEWNET, 0); errno != 0 {
		panic(errno)
	}
	syscall.Close(fd)
}

func lost() int {
	home, _ := os.Readlink("/proc/self/ns/net")
	count := 0
	tasks, _ := os.ReadDir("/proc/self/task")
	for _, task := range tasks {
		if ns, err := os.Readlink("/proc/self/task/" + task.Name() + "/ns/net"); err == nil && ns != home {
			count++
		}
	}
	return count
}

// The main goroutine keeps the first thread, so that /proc/PID/ns/net shows nothing amiss.
func init() { runtime.LockOSThread() }

func work(home string, done chan int) {
	for i := 0; i < 500 && lost() == 0; i++ {
		setns(os.Args[1])
		for j := 0; j < 4; j++ {
			go func() {
				var ends [2]int
				syscall.Pipe(ends[:])
				syscall.Read(ends[0], make([]byte, 1)) // for ever
			}()
		}
		runtime.Gosched()
		setns(home)
	}
	done <- lost()
}

func main() {
	runtime.GOMAXPROCS(4)
	done := make(chan int)
	go work("/proc/"+strconv.Itoa(os.Getpid())+"/ns/net", done)
	fmt.Println("ready", <-done)
	syscall.Pause()
}
