// SPDX-License-Identifier: MIT

// go-sev-guest on a report and the certificates of an emulated chip. Prints TAP.
//
// usage: interop DIR KDS-URL, where DIR has report, ark.pem, ask.pem, vcek.pem.
//
// The library wants AMD's names in all certificates, which those of emulated
// chips never bear. So its parts are used one by one; then all of it, on a chain
// that differs from the chip's in names and signatures alone.
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/go-sev-guest/abi"
	"github.com/google/go-sev-guest/kds"
	spb "github.com/google/go-sev-guest/proto/sevsnp"
	"github.com/google/go-sev-guest/validate"
	"github.com/google/go-sev-guest/verify"
	"github.com/google/go-sev-guest/verify/trust"
)

var tests, failed int

func verdict(ok bool, format string, args ...any) {
	tests++
	word := "ok"
	if !ok {
		word = "not ok"
		failed++
	}
	fmt.Printf("%s %d - %s\n", word, tests, fmt.Sprintf(format, args...))
}

func accepted(err error, format string, args ...any) {
	verdict(err == nil, format, args...)
	if err != nil {
		fmt.Printf("# %v\n", err)
	}
}

// refused checks the reason too: a wrong one may hide that a check is missing.
func refused(err error, reason, format string, args ...any) {
	ok := err != nil && strings.Contains(err.Error(), reason)
	verdict(ok, format, args...)
	if !ok {
		fmt.Printf("# wanted %q, got %v\n", reason, err)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Printf("Bail out! %v\n", err)
		os.Exit(1)
	}
	return value
}

func certificate(dir, name string) *x509.Certificate {
	block, _ := pem.Decode(must(os.ReadFile(filepath.Join(dir, name))))
	return must(x509.ParseCertificate(block.Bytes))
}

// localKDS sends what go-sev-guest asks of AMD's key server to another one.
type localKDS struct{ base string }

func (k localKDS) Get(url string) ([]byte, error) {
	path := strings.TrimPrefix(url, "https://kdsintf.amd.com")
	answer, err := http.Get(k.base + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

func flip(data []byte, at int) []byte {
	copied := bytes.Clone(data)
	copied[at] ^= 1
	return copied
}

func checkParts(report []byte, ark, ask, vcek *x509.Certificate) {
	parsed := must(abi.ReportToProto(report))
	accepted(verify.SnpReportSignature(report, vcek), "signature of the report")
	for name, at := range map[string]int{"report data": 0x50, "measurement": 0x90,
		"host data": 0xc0, "reported TCB": 0x186, "chip id": 0x1a0, "policy": 8} {
		refused(verify.SnpReportSignature(flip(report, at), vcek),
			"report signature verification error", "another %s", name)
	}
	extensions, err := kds.VcekCertificateExtensions(vcek)
	accepted(err, "extensions of the VCEK")
	verdict(err == nil && bytes.Equal(extensions.HWID, parsed.ChipId), "hardware id")
	verdict(err == nil && uint64(extensions.TCBVersion) == parsed.ReportedTcb,
		"TCB of the VCEK is the reported one")
	verdict(err == nil && extensions.ProductName == "Milan-B1", "product name")
	roots, middle := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(ark)
	middle.AddCert(ask)
	_, err = vcek.Verify(x509.VerifyOptions{Roots: roots, Intermediates: middle})
	accepted(err, "chain to the named root")
	_, err = vcek.Verify(x509.VerifyOptions{Roots: x509.NewCertPool(), Intermediates: middle})
	refused(err, "unknown authority", "chain to no root")
}

func attestation(report []byte, vcek, ask, ark *x509.Certificate) *spb.Attestation {
	parsed, err := abi.ReportToProto(report)
	if err != nil {
		return nil
	}
	return &spb.Attestation{Report: parsed, CertificateChain: &spb.CertificateChain{
		VcekCert: vcek.Raw, AskCert: ask.Raw, ArkCert: ark.Raw}}
}

func options(ask, ark *x509.Certificate) *verify.Options {
	root := trust.AMDRootCertsProduct("Milan")
	root.ProductCerts = &trust.ProductCerts{Ask: ask, Ark: ark}
	return &verify.Options{DisableCertFetching: true, Now: time.Now(),
		TrustedRoots: map[string][]*trust.AMDRootCerts{"Milan": {root}}}
}

// issue makes a certificate with AMD's names. The key is the model's.
func issue(model, issuer *x509.Certificate, cn string, public any, signer *rsa.PrivateKey,
) *x509.Certificate {
	template := &x509.Certificate{
		SerialNumber: model.SerialNumber,
		Subject: pkix.Name{Country: []string{"US"}, Locality: []string{"Santa Clara"},
			Province: []string{"CA"}, Organization: []string{"Advanced Micro Devices"},
			OrganizationalUnit: []string{"Engineering"}, CommonName: cn},
		NotBefore: model.NotBefore, NotAfter: model.NotAfter,
		SignatureAlgorithm: x509.SHA384WithRSAPSS,
		IsCA:               model.IsCA, BasicConstraintsValid: model.BasicConstraintsValid,
		KeyUsage: model.KeyUsage,
	}
	if model.IsCA {
		template.CRLDistributionPoints = []string{kds.CrlLinkByRole("Milan", "ARK")}
	} else {
		template.ExtraExtensions = model.Extensions
	}
	if issuer == nil {
		issuer = template
	}
	return must(x509.ParseCertificate(
		must(x509.CreateCertificate(rand.Reader, template, issuer, public, signer))))
}

func checkWhole(report []byte, ark, ask, vcek *x509.Certificate) {
	arkKey := must(rsa.GenerateKey(rand.Reader, 4096))
	askKey := must(rsa.GenerateKey(rand.Reader, 4096))
	ark = issue(ark, nil, "ARK-Milan", arkKey.Public(), arkKey)
	ask = issue(ask, ark, "SEV-Milan", askKey.Public(), arkKey)
	own := issue(vcek, ask, "SEV-VCEK", vcek.PublicKey, askKey)
	judge := func(report []byte) error {
		a := attestation(report, own, ask, ark)
		if a == nil {
			return fmt.Errorf("the report cannot be read")
		}
		if err := verify.SnpAttestation(a, options(ask, ark)); err != nil {
			return err
		}
		wanted := make([]byte, 64)
		copy(wanted, "report data")
		return validate.SnpAttestation(a, &validate.Options{
			ReportData: wanted, Measurement: bytes.Repeat([]byte{0xd1}, 48),
			GuestPolicy: abi.SnpPolicy{SMT: true}, PermitProvisionalFirmware: true})
	}
	accepted(judge(report), "everything, by AMD's names")
	for at := 0; at < 0x2a0; at += 7 {
		if judge(flip(report, at)) == nil {
			verdict(false, "byte %#x changed", at)
		}
	}
	verdict(true, "every seventh byte changed: refused each time")
	wrong := attestation(report, own, ask, ark)
	refused(validate.SnpAttestation(wrong, &validate.Options{
		Measurement: make([]byte, 48), GuestPolicy: abi.SnpPolicy{SMT: true}}),
		"MEASUREMENT", "another measurement expected")
	foreign := must(rsa.GenerateKey(rand.Reader, 4096))
	other := issue(ark, nil, "ARK-Milan", foreign.Public(), foreign)
	refused(verify.SnpAttestation(attestation(report, own, ask, ark), options(ask, other)),
		"could not be verified by any trusted roots", "another root trusted")
}

// checkKDS fetches by the URLs that the library makes.
func checkKDS(report []byte, ark, ask, vcek *x509.Certificate, getter localKDS) {
	parsed := must(abi.ReportToProto(report))
	tcb := kds.TCBVersion(parsed.ReportedTcb)
	der, err := getter.Get(kds.VCEKCertURL("Milan", parsed.ChipId, tcb))
	verdict(err == nil && bytes.Equal(der, vcek.Raw), "VCEK from the key server")
	chain, err := getter.Get(kds.ProductCertChainURL(abi.VcekReportSigner, "Milan"))
	accepted(err, "chain from the key server")
	gotAsk, gotArk, err := kds.ParseProductCertChain(chain)
	verdict(err == nil && bytes.Equal(gotAsk, ask.Raw) && bytes.Equal(gotArk, ark.Raw),
		"which is ASK, then ARK")
	list, err := getter.Get(kds.CrlLinkByKey("Milan", abi.VcekReportSigner))
	accepted(err, "revocation list from the key server")
	crl, err := x509.ParseRevocationList(list)
	accepted(err, "which can be read")
	if err == nil {
		accepted(crl.CheckSignatureFrom(ark), "and is the ARK's")
		verdict(crl.Number.Cmp(big.NewInt(0)) > 0 && len(crl.RevokedCertificateEntries) == 0,
			"it has a number and nothing in it")
	}
	_, err = getter.Get(kds.VCEKCertURL("Milan", parsed.ChipId, tcb+1<<56))
	refused(err, "404", "a TCB that the chip never had")
	_, err = getter.Get(kds.VCEKCertURL("Genoa", parsed.ChipId, tcb))
	refused(err, "404", "another product")
}

func main() {
	dir := os.Args[1]
	report := must(os.ReadFile(filepath.Join(dir, "report")))
	ark, ask := certificate(dir, "ark.pem"), certificate(dir, "ask.pem")
	vcek := certificate(dir, "vcek.pem")
	checkParts(report, ark, ask, vcek)
	refused(verify.SnpAttestation(attestation(report, vcek, ask, ark), options(ask, ark)),
		"VCEK subject has 0 countries, want 1", "an emulated chip does not pass for one of AMD's")
	refused(verify.SnpAttestation(attestation(report, vcek, ask, ark),
		&verify.Options{DisableCertFetching: true, Now: time.Now()}),
		"", "nor does it without a root named")
	checkWhole(report, ark, ask, vcek)
	checkKDS(report, ark, ask, vcek, localKDS{os.Args[2]})
	fmt.Printf("1..%d\n", tests)
	if failed > 0 {
		os.Exit(1)
	}
}
