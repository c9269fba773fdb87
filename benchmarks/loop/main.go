// Sends POST requests over kept connections as fast as the server answers: the floor of an apply.
//
//	loop DIRECTORY WORKERS WAVE...
//
// DIRECTORY has address, ca.crt, admin.crt and admin.key. A WAVE is a file with one request a line,
// its path and its body with a tab between them; it ends before the next one begins. Prints the
// wall and CPU seconds that it took.
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

type request struct {
	path string
	body []byte
}

func main() {
	directory := os.Args[1]
	workers, err := strconv.Atoi(os.Args[2])
	check(err)
	address := strings.TrimSpace(string(read(filepath.Join(directory, "address"))))
	client := connect(directory, workers)
	waves := make([][]request, 0, len(os.Args)-3)
	for _, name := range os.Args[3:] {
		waves = append(waves, parse(read(name)))
	}
	wall, cpu := time.Now(), used()
	for _, wave := range waves {
		send(client, address, wave, workers)
	}
	fmt.Printf("%.3f %.3f\n", time.Since(wall).Seconds(), (used() - cpu).Seconds())
}

func connect(directory string, workers int) *http.Client {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(read(filepath.Join(directory, "ca.crt")))
	pair, err := tls.LoadX509KeyPair(
		filepath.Join(directory, "admin.crt"), filepath.Join(directory, "admin.key"))
	check(err)
	return &http.Client{Transport: &http.Transport{
		MaxIdleConnsPerHost: workers,
		TLSClientConfig:     &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{pair}},
	}}
}

func parse(text []byte) []request {
	var requests []request
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		path, body, _ := strings.Cut(lines.Text(), "\t")
		requests = append(requests, request{path, []byte(body)})
	}
	check(lines.Err())
	return requests
}

func send(client *http.Client, address string, wave []request, workers int) {
	ready := make(chan request, len(wave))
	for _, one := range wave {
		ready <- one
	}
	close(ready)
	var running sync.WaitGroup
	for range workers {
		running.Add(1)
		go func() {
			defer running.Done()
			for one := range ready {
				post(client, address, one)
			}
		}()
	}
	running.Wait()
}

func post(client *http.Client, address string, one request) {
	answer, err := client.Post(address+one.path, "application/json", bytes.NewReader(one.body))
	check(err)
	_, err = io.Copy(io.Discard, answer.Body)
	check(err)
	check(answer.Body.Close())
	if answer.StatusCode != http.StatusCreated {
		log.Fatalf("%s: %s", one.path, answer.Status)
	}
}

func used() time.Duration {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func read(name string) []byte {
	content, err := os.ReadFile(name)
	check(err)
	return content
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
