// Command kubetest runs a real Kubernetes control plane on loopback, for tests: etcd
// in this process, kube-apiserver and kube-controller-manager as its children.
//
//	kubetest --dir DIR [--port N] [--controllers NAMES] [-- API-SERVER-FLAG...]
//	kubetest kubectl|scheduler|kubelet ...
//
// It serves until SIGTERM; DIR/kubeconfig appears once it is ready. On SIGHUP the API server
// is killed (SIGKILL) and started again on the same data and port. The second form is that
// program of the same release; node.sh runs the last two for a node.
//
// The kubeconfig has three contexts: admin (client certificate, system:masters), and
// alice (client certificate) and bob (static token), who may do nothing until RBAC says so.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/component-base/cli"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubeapiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const fewControllers = "serviceaccount-token-controller,serviceaccount-controller,namespace-controller," +
	"garbage-collector-controller,clusterrole-aggregation-controller,root-ca-certificate-publisher-controller"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "apiserver" {
		cmd := kubeapiserver.NewAPIServerCommand()
		cmd.SetArgs(os.Args[2:])
		os.Exit(cli.Run(cmd))
	}
	if len(os.Args) > 1 && os.Args[1] == "controller-manager" {
		cmd := controllermanager.NewControllerManagerCommand()
		cmd.SetArgs(os.Args[2:])
		os.Exit(cli.Run(cmd))
	}
	if len(os.Args) > 1 && os.Args[1] == "scheduler" {
		cmd := scheduler.NewSchedulerCommand()
		cmd.SetArgs(os.Args[2:])
		os.Exit(cli.Run(cmd))
	}
	if len(os.Args) > 1 && os.Args[1] == "kubelet" {
		cmd := kubelet.NewKubeletCommand(context.Background())
		cmd.SetArgs(os.Args[2:])
		os.Exit(cli.Run(cmd))
	}
	if len(os.Args) > 1 && os.Args[1] == "kubectl" {
		os.Args = os.Args[1:]
		os.Exit(cli.Run(kubectl.NewDefaultKubectlCommand()))
	}
	dir := flag.String("dir", "", "new or empty directory for data, keys, logs and the kubeconfig")
	port := flag.Int("port", 0, "port of the API server on 127.0.0.1 (default: a free one)")
	controllers := flag.String("controllers", fewControllers, "controllers to run; * for all")
	flag.Parse()
	if err := run(*dir, *port, *controllers, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, port int, controllers string, flags []string) error {
	began := time.Now()
	runtime.LockOSThread() // Pdeathsig of the children is tied to the thread that starts them
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer cancel()
	file := func(name string) string { return filepath.Join(dir, name) }
	must(os.MkdirAll(dir, 0o700))
	must(os.Mkdir(file("etcd"), 0o700))

	loopback := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	etcd := embed.NewConfig()
	etcd.Dir, etcd.LogLevel, etcd.LogOutputs = file("etcd"), "warn", []string{file("etcd.log")}
	etcd.ListenClientUrls, etcd.AdvertiseClientUrls = loopback, loopback
	etcd.ListenPeerUrls, etcd.AdvertisePeerUrls = loopback, loopback
	etcd.InitialCluster = etcd.InitialClusterFromName(etcd.Name)
	etcd.UnsafeNoFsync, etcd.QuotaBackendBytes = true, 8<<30
	etcd.TickMs, etcd.ElectionMs = 10, 100                                      // it elects itself at once
	etcd.EnableGRPCGateway = false                                              // it would dial the port 0 above, for ever
	etcd.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration // else 0: every request is logged
	db := try(embed.StartEtcd(etcd))
	defer db.Close()
	<-db.Server.ReadyNotify()

	if port == 0 {
		l := try(net.Listen("tcp", "127.0.0.1:0"))
		port = l.Addr().(*net.TCPAddr).Port
		must(l.Close())
	}
	caKey := newKey(file("ca.key"))
	ca := newCert(file("ca.crt"), caKey, nil, caKey, "kubetest")
	newCert(file("server.crt"), newKey(file("server.key")), ca, caKey, "kube-apiserver")
	newCert(file("admin.crt"), newKey(file("admin.key")), ca, caKey, "admin", "system:masters")
	newCert(file("alice.crt"), newKey(file("alice.key")), ca, caKey, "alice", "testers")
	newKey(file("sa.key"))
	token := rand.Text()
	must(os.WriteFile(file("tokens.csv"), []byte(token+",bob,bob,testers\n"), 0o600))
	config := api.NewConfig()
	config.Clusters["kubetest"] = &api.Cluster{Server: fmt.Sprint("https://127.0.0.1:", port),
		CertificateAuthorityData: try(os.ReadFile(file("ca.crt")))}
	for _, name := range []string{"admin", "alice", "bob"} {
		config.Contexts[name] = &api.Context{Cluster: "kubetest", AuthInfo: name}
		config.AuthInfos[name] = &api.AuthInfo{Token: token}
		if name != "bob" {
			config.AuthInfos[name] = &api.AuthInfo{ClientCertificateData: try(os.ReadFile(file(name + ".crt"))),
				ClientKeyData: try(os.ReadFile(file(name + ".key")))}
		}
	}
	config.CurrentContext = "admin"
	must(clientcmd.WriteToFile(*config, file("kubeconfig.tmp")))
	client := kubernetes.NewForConfigOrDie(try(clientcmd.BuildConfigFromFlags("", file("kubeconfig.tmp"))))

	restart := make(chan os.Signal, 1)
	signal.Notify(restart, syscall.SIGHUP)
	died := make(chan error, 2)
	await := func(what string, ok func() error) error {
		for {
			err := ok()
			if err == nil {
				log.Printf("%s after %.2f s", what, time.Since(began).Seconds())
				return nil
			}
			select {
			case <-stop.Done():
				return fmt.Errorf("stopped before %s: %w", what, err)
			case err := <-died:
				return err
			case <-time.After(25 * time.Millisecond):
			}
		}
	}
	apiserver := func() *component {
		return start(died, dir, "apiserver", append([]string{
			"--etcd-servers=http://" + db.Clients[0].Addr().String(),
			"--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", fmt.Sprint("--secure-port=", port),
			"--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.0.0.0/24",
			"--tls-cert-file=" + file("server.crt"), "--tls-private-key-file=" + file("server.key"),
			"--client-ca-file=" + file("ca.crt"), "--token-auth-file=" + file("tokens.csv"),
			"--authorization-mode=RBAC", "--profiling=false",
			"--service-account-issuer=https://kubernetes.default.svc",
			"--service-account-key-file=" + file("sa.key"), "--service-account-signing-key-file=" + file("sa.key")}, flags...)...)
	}
	server := apiserver()
	defer func() { server.stop(syscall.SIGTERM) }()
	if err := await("/readyz ok", func() error {
		return client.RESTClient().Get().AbsPath("/readyz").Do(stop).Error()
	}); err != nil {
		return err
	}
	manager := start(died, dir, "controller-manager", "--kubeconfig="+file("kubeconfig.tmp"),
		"--controllers="+controllers, "--leader-elect=false", "--secure-port=0",
		"--root-ca-file="+file("ca.crt"), "--service-account-private-key-file="+file("sa.key"))
	defer manager.stop(syscall.SIGTERM)
	if err := await("controllers at work", func() error {
		_, err := client.CoreV1().ServiceAccounts("default").Get(stop, "default", metav1.GetOptions{})
		return err
	}); err != nil {
		return err
	}
	must(os.Rename(file("kubeconfig.tmp"), file("kubeconfig")))
	for {
		select {
		case <-stop.Done():
			return nil
		case err := <-died:
			return err
		case <-restart:
			server.stop(syscall.SIGKILL)
			server = apiserver()
		}
	}
}

// component is this program, started again as one of the parts of a control plane.
type component struct {
	process  *os.Process
	stopping atomic.Bool
	gone     chan struct{}
}

// start runs a component, its output going to DIR/NAME.log; died hears of an end that nobody asked for.
func start(died chan<- error, dir, name string, args ...string) *component {
	out := try(os.OpenFile(filepath.Join(dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600))
	cmd := exec.Command("/proc/self/exe", append([]string{name}, args...)...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	must(cmd.Start())
	started := &component{process: cmd.Process, gone: make(chan struct{})}
	go func() {
		err := cmd.Wait()
		out.Close()
		if !started.stopping.Load() {
			died <- fmt.Errorf("%s ended (see %s): %v", name, out.Name(), err)
		}
		close(started.gone)
	}()
	return started
}

// stop ends a component by that signal, or by SIGKILL after ten seconds.
func (c *component) stop(by os.Signal) {
	c.stopping.Store(true)
	c.process.Signal(by)
	select {
	case <-c.gone:
	case <-time.After(10 * time.Second):
		c.process.Kill()
		<-c.gone
	}
}

func newKey(file string) *ecdsa.PrivateKey {
	key := try(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	writePEM(file, "EC PRIVATE KEY", try(x509.MarshalECPrivateKey(key)))
	return key
}

// newCert issues a certificate for key, good for both ends of a connection; with no ca it is one.
func newCert(file string, key *ecdsa.PrivateKey, ca *x509.Certificate, caKey *ecdsa.PrivateKey, name string, groups ...string) *x509.Certificate {
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name, Organization: groups},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost", "kubernetes.default.svc"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4(10, 0, 0, 1)}, // the second: of the Service "kubernetes"
	}
	if ca == nil {
		cert.IsCA, cert.BasicConstraintsValid, cert.KeyUsage, ca = true, true, x509.KeyUsageCertSign, cert
	}
	der := try(x509.CreateCertificate(rand.Reader, cert, ca, key.Public(), caKey))
	writePEM(file, "CERTIFICATE", der)
	return try(x509.ParseCertificate(der))
}

func writePEM(file, kind string, der []byte) {
	must(os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

func try[T any](value T, err error) T {
	must(err)
	return value
}

func must(err error) {
	if err != nil {
		log.Panic(err)
	}
}
